"""Rolling updates of services, as ECS makes them itself: task by task, in place."""
