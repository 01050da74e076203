"""Traffic control of deployments to servers: load balancers, and blue/green."""
