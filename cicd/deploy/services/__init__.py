"""The services of this machine: which there are, what of them nobody wants, and their end."""
