"""What runs the tasks of services."""
