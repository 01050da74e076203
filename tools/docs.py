"""
The documents that are made of the code: ``docs/rules.md``, of the rules' docstrings,
and ``docs/map.md``, of the files' first words.

    python tools/docs.py    # write them anew
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import cicd
from cicd.document.rules import Rule

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "cicd"
ROOMS = ("build", "deploy", "document", "pipeline")
RULES = """# Rules

What `cicd` checks in a document beyond its shape, by the name that a problem shows.
This page is made by `./run docs` of the rules' own words.
"""

MAP = """# The map

Every file of `cicd`, room by room, in its own first words.
This page is made by `./run docs`; [architecture.md](architecture.md) says what the rooms are.
"""


def rules() -> dict[str, str]:
    """Give the docstring of every rule of every room, by name, in order."""
    found: dict[str, str] = {}
    for module in pkgutil.walk_packages(cicd.__path__, "cicd."):
        if module.name.split(".")[1] in ROOMS:
            for value in vars(import_module(module.name)).values():
                if isinstance(value, Rule):
                    found[value.name] = (inspect.getdoc(value.check) or "").replace("``", "`")
    return dict(sorted(found.items()))


def first_words(path: Path) -> str:
    """Give the first paragraph of a file's docstring, in Markdown."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = " ".join(words.split("\n\n")[0].split())
    return line.replace("``", "`").replace("|", "\\|")


def room(directory: Path) -> str:
    """Give the table of one folder's files."""
    rows = [
        f"| `{path.name}` | {first_words(path)} |"
        for path in sorted(directory.glob("*.py"))
        if path.name != "__init__.py"
    ]
    title = directory.relative_to(HERE).as_posix()
    opening = f"## {title}\n\n{first_words(directory / '__init__.py')}\n"
    return "\n".join([opening, "| file | what |", "| --- | --- |", *rows]) + "\n"


def pages() -> dict[Path, str]:
    """Give every generated document and the text it must have."""
    checked = [RULES, *(f"## {name}\n\n{words}\n" for name, words in rules().items())]
    folders = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
    return {
        HERE / "docs" / "rules.md": "\n".join(checked),
        HERE / "docs" / "map.md": "\n".join([MAP, *map(room, folders)]),
    }


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
