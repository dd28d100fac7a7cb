"""What clients write, and the domain's words for it: shared by what changes something and by what only asks."""
