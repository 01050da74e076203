"""AWS's CI/CD suite on your own machine."""

__version__ = "0.1.0"
