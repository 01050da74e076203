"""The one shell that a build's commands seem to share."""
