"""What the rules want, worked out with a pencil: exact fractions from the timeline of what ran. Imports nothing of the
code that bills, totals or prices; of the domain only the words for what is sold and what happened."""
