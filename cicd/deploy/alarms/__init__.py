"""Alarms of this machine: what they look at, how they stand, and who watches them."""
