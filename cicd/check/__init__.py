"""What is checked before a push: which checks there are, and which of them a push asks for."""
