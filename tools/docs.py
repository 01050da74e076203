"""
The documents that are made of the code: ``docs/rules.md``, of the rules' docstrings.

    python tools/docs.py    # write them anew
"""

from __future__ import annotations

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import cicd
from cicd.document.rules import Rule

HERE = Path(__file__).resolve().parent.parent
ROOMS = ("build", "deploy", "document", "pipeline")
OPENING = """# Rules

What `cicd` checks in a document beyond its shape, by the name that a problem shows.
This page is made by `./run docs` of the rules' own words.
"""


def rules() -> dict[str, str]:
    """Give the docstring of every rule of every room, by name, in order."""
    found: dict[str, str] = {}
    for module in pkgutil.walk_packages(cicd.__path__, "cicd."):
        if module.name.split(".")[1] in ROOMS:
            for value in vars(import_module(module.name)).values():
                if isinstance(value, Rule):
                    found[value.name] = inspect.getdoc(value.check) or ""
    return dict(sorted(found.items()))


def pages() -> dict[Path, str]:
    """Give every generated document and the text it must have."""
    parts = [OPENING, *(f"## {name}\n\n{words}\n" for name, words in rules().items())]
    return {HERE / "docs" / "rules.md": "\n".join(parts)}


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
