"""Who asks."""

from __future__ import annotations

import getpass


def user_name() -> str:
    """Say who asks: the name of this process's user, "" where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as in some containers
        return ""
