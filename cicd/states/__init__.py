"""State machines, as Step Functions runs them: a subset of its language, on local functions."""
