"""Commands about a home as a whole: how things stand, what may go, whether it is sound."""
