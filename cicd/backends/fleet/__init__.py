"""What makes the members of fleets: one file a kind of machine."""
