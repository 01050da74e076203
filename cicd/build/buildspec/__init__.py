"""Reading a buildspec: Node → Buildspec, and everything that is wrong with it."""
