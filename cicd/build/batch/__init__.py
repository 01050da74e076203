"""Batch builds: several builds of one project as one execution over theirs."""
