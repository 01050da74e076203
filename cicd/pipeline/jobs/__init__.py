"""Jobs: what a function is asked to do by a pipeline, and what it reports."""
