"""Invoices and credit notes to be looked at: drafts, PDFs, a month for accounting."""
