"""The labels by which the engine's things are known as ours."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SESSION, STREAM, HOME = "cicd.session", "cicd.stream", "cicd.home"
FUNCTION = "cicd.function"  # an instance of it


def home_label(home: Path) -> str:
    """Give what stands for a home in the labels of its containers."""
    return sha256(os.fsencode(home)).hexdigest()[:16]
