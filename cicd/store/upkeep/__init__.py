"""The home as a whole: how large it is, what may go, whether it is sound, a copy of it."""
