"""Analysis of a shift: the new version against the old one, from the router's own request log."""
