"""The embedded load balancer: a reverse proxy of its own process, on the standard library."""
