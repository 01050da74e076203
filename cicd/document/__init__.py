"""Text → a tree that knows where everything stands."""
