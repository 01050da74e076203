"""Which place of this machine, or of another, a bucket's name means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.pipeline.local import buckets

if TYPE_CHECKING:
    from cicd.document.resources import Resources

FOLDER = "buckets"
"""The folder of the home that holds the buckets which stacks make."""


def bucket_place(resources: Resources, home: Path, name: str) -> str:
    """
    Give the folder or the URL that is a bucket here.

    ``local.buckets`` of ``cicd.yml`` names it; else it is one that a stack of this home made.

    Raises:
        UsageError: Neither; the hint has the missing line.

    """
    known = buckets(resources)
    if name in known:
        place = known[name]
        if "://" in place:
            return place
        return str((resources.root / Path(place).expanduser()).resolve())
    made = home / FOLDER / name
    if "/" not in name and made.is_dir():
        return str(made)
    raise UsageError(
        f"nothing says where the bucket '{name}' is here",
        hint=f"in cicd.yml: local: {{buckets: {{{name}: path/to/a/folder, or a URL}}}}",
    )
