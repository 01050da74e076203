"""Reading an AppSpec: Node → AppSpec, in the agent's order and with its words."""
