"""Which files of a large commit its documents need beside them, so that not all are written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.cloudformation.find import SUFFIXES
from cicd.document.resources import FILE
from cicd.lint.documents import SKIPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LINK = "120000"
_ENDS = tuple(SUFFIXES)
_SPLIT = re.compile(r"""[\s"'`\[\]{}()<>,;:=|&$*?!#/\\]+""")


def documents(files: Mapping[str, str]) -> tuple[str, ...]:
    """
    Give all that may be a document, by its name, and links, which may lead to one.

    Args:
        files: Paths from the top, each with git's mode.

    """
    return tuple(path for path, mode in files.items() if mode == _LINK or _may_be(path))


def mentioned(files: Mapping[str, str], texts: Iterable[str]) -> tuple[str, ...]:
    """
    Give each file whose name stands in one of the texts, in whatever way it is meant.

    A name that is more than one word is in doubt, and is given, too.
    """
    words = {word for text in texts for word in _SPLIT.split(text)}
    names = ((path, path.rpartition("/")[2]) for path in files)
    return tuple(path for path, name in names if name in words or _SPLIT.search(name))


def _may_be(path: str) -> bool:
    if not path.lower().endswith(_ENDS):
        return False
    parts = path.split("/")
    return parts[-1] == FILE or not SKIPPED.intersection(parts)
