"""Deployments that shift traffic from one version to another: services, and functions."""
