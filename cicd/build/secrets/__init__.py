"""What a build may not show: how documents name it, and how it is found."""
