"""Docker engines of other machines: how they are reached, and what they see instead of mounts."""
