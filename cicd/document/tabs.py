"""Indentation by tabs, which YAML refuses: the same text with blanks, where only one is meant."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from cicd.document.fix import Edit, Fix
from cicd.document.position import Source
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.document.node import Node

_WIDTHS: Final = (2, 4, 8)
_LONGEST: Final = 100_000  # characters of a text that is read three times for this
_INDENT: Final = re.compile(r"^ *\t[ \t]*", re.MULTILINE)


def without_tabs(source: Source, read: Callable[[Source], Node]) -> Fix | None:
    """
    Give the correction that puts blanks in the place of tabs before every line.

    There is none where different widths of a tab mean different documents.

    Args:
        source: The text that was refused.
        read: Reads a text, and raises ``DocumentError`` for one that is not YAML either.

    """
    if len(source.text) > _LONGEST or not _INDENT.search(source.text):
        return None
    meanings: dict[str, int] = {}
    for width in _WIDTHS:
        text = _INDENT.sub(partial(_blanked, width=width), source.text)
        try:
            node = read(Source(name=source.name, text=text))
        except DocumentError:
            continue
        meanings.setdefault(repr(node.plain()), width)
    if len(meanings) != 1:
        return None
    (width,) = meanings.values()
    return Fix(
        edits=tuple(
            Edit(span=source.span(found.start(), found.end()), text=_blanked(found, width))
            for found in _INDENT.finditer(source.text)
        )
    )


def _blanked(found: re.Match[str], width: int) -> str:
    return found[0].expandtabs(width)
