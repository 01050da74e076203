"""Fakes, clocks and contracts: for our tests and for authors of plugins."""
