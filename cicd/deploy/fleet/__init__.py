"""Fleets: Auto Scaling groups of this machine, whose members are made and ended by us."""
