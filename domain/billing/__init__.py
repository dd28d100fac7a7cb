"""From what runs and what was used to what is owed: charges, the moments at which they are billed, invoices, quotes."""
