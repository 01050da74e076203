"""
Globs of a buildspec, as regular expressions of which none takes long, whatever they say. Pure.

What follows a wildcard is looked for where it comes first, and that is not taken back (``(?>…)``):
whatever comes later in the pattern has the most room then. A ``**`` may take back what the ``*``
behind it did, up to the next ``**``; only the last wildcard of each kind is tried at every place.

Source: CodeBuild User Guide, "artifacts/files".
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORIES: Final = "(?:.*?/)??"  # of "**/" where a name begins: any number, none too
_ANYTHING: Final = ".*?"  # of "**"
_IN_ONE: Final = "[^/]*?"  # of "*": part of a name
_ACROSS: Final = (_DIRECTORIES, _ANYTHING)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """
    Give what matches, as a whole, the paths that a pattern means; see ``select``.

    A pattern with a class that is none, such as ``[z-a]``, means nothing but itself.
    """
    blocks: list[list[str]] = [[""]]  # begun by what crosses directories; parts begun by "*"
    for token in _tokens(pattern):
        if token in _ACROSS:
            blocks.append([token])
        elif token == _IN_ONE:
            blocks[-1].append(token)
        else:
            blocks[-1][-1] += token
    *settled, last = blocks
    text = "".join(f"(?>{_block(parts)})" for parts in settled)
    try:
        return re.compile(text + _block(last[:-1]) + last[-1], re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def _block(parts: list[str]) -> str:
    return "".join(parts[:1]) + "".join(f"(?>{part})" for part in parts[1:])


def _tokens(pattern: str) -> Iterator[str]:
    index = 0
    while index < len(pattern):
        begins = index == 0 or pattern[index - 1] == "/"
        if begins and pattern.startswith("**/", index):
            yield _DIRECTORIES
            index += 3
        elif pattern.startswith("**", index):
            yield _ANYTHING
            index += 2
        elif pattern[index] == "*":
            yield _IN_ONE
            index += 1
        elif pattern[index] == "?":
            yield "[^/]"
            index += 1
        elif pattern[index] == "[" and (end := pattern.find("]", index + 2)) > 0:
            inner = pattern[index + 1 : end]
            negated = inner[0] in "!^"
            inner = re.sub(r"([\\\[\]&~|^])", r"\\\1", inner[negated:])
            yield f"(?!/)[{'^' if negated else ''}{inner}]"
            index = end + 1
        else:
            yield re.escape(pattern[index])
            index += 1
