"""Compute: what a project's environment asks of a machine, and what this one gives."""
