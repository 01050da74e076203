"""Traffic routers: one file a way of sending requests to instances."""
