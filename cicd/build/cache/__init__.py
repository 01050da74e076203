"""What a build finds of the builds before it, and leaves to those after it."""
