"""Every rule in words: why it is there, a bad and a good example, and its source."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTION = re.compile(r"^## (\S+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One rule: its section of ``pages``, in Markdown, without the heading."""

    name: str
    text: str


def explain(name: str) -> Page:
    """Give a rule's page; raises ``UsageError`` with the one that was probably meant."""
    found = _pages()
    if name not in found:
        near = closest(name, found)
        raise UsageError(
            f"there is no rule '{name}'",
            hint=f"did you mean '{near}'?" if near else "docs/rules.md lists the rules",
        )
    return found[name]


def rule_names() -> tuple[str, ...]:
    """Give the names of all rules, in order."""
    return tuple(sorted(_pages()))


@cache
def _pages() -> Mapping[str, Page]:
    found = {}
    for file in resources.files("cicd.lint").joinpath("pages").iterdir():
        for name, text in _SECTION.findall(file.read_text("utf-8")):
            found[name] = Page(name=name, text=text.strip() + "\n")
    return MappingProxyType(found)
