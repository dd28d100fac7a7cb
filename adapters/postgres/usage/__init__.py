"""Usage in PostgreSQL: events, their roll-ups by the hour, and one row per customer and meter for writers to meet at.

Every write for a customer and a meter first locks that row (`meters.lock`), all rows of a transaction in one order;
then it writes the events (`events`), then folds what they read into the hours and the row (`fold`). A read adds up
hours, and looks at single events only where a period cuts an hour in two (`periods`).
"""
