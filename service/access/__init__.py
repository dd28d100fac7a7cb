"""Who is calling: credentials, keys, tokens, and how much each may ask for."""
