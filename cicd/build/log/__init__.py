"""A build's log: which lines it gets, and who writes them."""
