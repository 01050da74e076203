"""AWS's own calls on this machine: Lambda, and what functions report to the other services."""
