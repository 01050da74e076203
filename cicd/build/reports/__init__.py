"""Test reports and code coverage: read from files, summed up, kept, compared and shown."""
