"""Texts that a command writes into a file which its user has named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Unavailable

if TYPE_CHECKING:
    from pathlib import Path


def write_out(path: Path, text: str) -> None:
    """Write it; raises ``Unavailable`` where that cannot be done."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Unavailable(
            f"'{path}' cannot be written: {problem.strerror}", hint="name another file with --out"
        ) from None
