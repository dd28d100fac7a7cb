"""Payment providers in our words: the port, what they tell, what they have, and what follows where that differs."""
