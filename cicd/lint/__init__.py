"""Checks over whole repositories: which documents there are, and what is wrong in and between."""
