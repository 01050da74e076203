"""
The documents that are made of the code: ``docs/rules.md``, of the rules' pages,
``docs/map.md``, of the files' first words, and ``docs/traps.md``, of the tests of builds.

    python tools/docs.py    # write them anew
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from cicd.lint.explain import explain, rule_names

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "cicd"
RULES = """# Rules

What `cicd` checks in a document, by the name that a problem shows: why, a bad and a good example,
and the source. `cicd lint --explain RULE` prints the same.
This page is made by `./run docs` of the pages in `cicd/lint/pages/`.
"""

MAP = """# The map

Every file of `cicd`, room by room, in its own first words.
This page is made by `./run docs`; [architecture.md](architecture.md) says what the rooms are.
"""


TRAPS = """# The traps of builds

What surprises people about CodeBuild, and holds here as it does there: each is a test.
This page is made by `./run docs` of `tests/build/`.

| trap | what holds | test |
| --- | --- | --- |
"""


def rules() -> dict[str, str]:
    """Give the page of every rule, by name, in order: what ``cicd lint --explain`` prints."""
    return {name: explain(name).text for name in rule_names()}


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


def traps() -> str:
    """Give a row for each test of ``tests/build`` that says whose trap it is, by number."""
    rows: list[tuple[int, str, str]] = []
    for path in sorted((HERE / "tests" / "build").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            named = re.match(r"test_trap_(\d+)_(.*)", node.name)
            told = re.match(r"Trap (\d+)\.", ast.get_docstring(node) or "")
            if named is None and told is None:
                continue
            number, words = (
                (int(named[1]), named[2])
                if named is not None
                else (int(told[1]) if told else 0, node.name.removeprefix("test_"))
            )
            where = path.relative_to(HERE / "tests").as_posix()
            rows.append((number, words.replace("_", " "), where))
    return TRAPS + "".join(
        f"| {number} | {words} | `{where}` |\n" for number, words, where in sorted(rows)
    )


def pages() -> dict[Path, str]:
    """Give every generated document and the text it must have."""
    checked = [RULES, *(f"## {name}\n\n{words}" for name, words in rules().items())]
    folders = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
    return {
        HERE / "docs" / "rules.md": "\n".join(checked),
        HERE / "docs" / "map.md": "\n".join([MAP, *map(room, folders)]),
        HERE / "docs" / "traps.md": traps(),
    }


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
