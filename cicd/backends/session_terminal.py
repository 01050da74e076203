"""A command of a session at our own terminal."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def at_terminal(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a command with our own standard streams; its exit status, signals as 128 + n."""
    terminal = {name: os.environ[name] for name in ("TERM", "COLORTERM") if name in os.environ}
    status = subprocess.run(command, check=False, env={**variables, **terminal}).returncode
    return 128 - status if status < 0 else status


def variables_of(process: Path) -> dict[str, str]:
    """Give the variables that a process was started with, by its directory below ``/proc``."""
    pairs = os.fsdecode((process / "environ").read_bytes()).split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)
