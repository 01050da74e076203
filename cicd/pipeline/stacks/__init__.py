"""Stacks of CloudFormation on this machine: what a template makes here, and what became of it."""
