"""Secrets and parameters of this machine, encrypted at rest."""
