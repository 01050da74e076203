"""What is seen of executions from outside: events, who is told of them, the audit, metrics."""
