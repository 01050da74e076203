"""
What the documents say must be there: the files they link to, the tasks and commands they type.

    python tools/check_docs.py
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.commands import cicd
from docs import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def documents() -> list[Path]:
    """Give the Markdown files of the project, without what was installed or made here."""
    places = (HERE.glob("*.md"), (HERE / "docs").rglob("*.md"), (HERE / "samples").rglob("*.md"))
    return sorted(path for place in places for path in place)


def anchors(path: Path) -> set[str]:
    """Give the anchors that a renderer makes of a file's headings."""
    headings = HEADING.findall(path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def broken_links(path: Path, text: str) -> Iterator[str]:
    """Name each relative link that leads nowhere."""
    for target in LINK.findall(text):
        name, _, anchor = target.partition("#")
        if ":" in name:
            continue
        linked = path.parent / name if name else path
        if not linked.exists():
            yield f"links to {target}, which is not there"
        elif anchor and anchor not in anchors(linked):
            yield f"links to {target}, whose heading is not there"


def typed(text: str) -> Iterator[list[str]]:
    """Give the words of each command of the console blocks, comments left out."""
    for block in CONSOLE.findall(text):
        for line in block.splitlines():
            if line.startswith("$ "):
                words = shlex.shlex(line[2:], posix=True, punctuation_chars=True)
                words.whitespace_split = True
                yield from _commands(list(words))


def _commands(words: list[str]) -> Iterator[list[str]]:
    """Split a line's words at what stands between commands."""
    command: list[str] = []
    for word in [*words, ";"]:
        if word in {"&&", ";", "||", "|"}:
            yield command
            command = []
        else:
            command.append(word)


def tasks() -> set[str]:
    """Give the tasks that ``./run`` lists."""
    listed = subprocess.run((HERE / "run",), check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"^  (\w+)", listed, re.MULTILINE))


def wrong_command(words: list[str]) -> str | None:
    """Say what is wrong with a ``cicd`` command line: an unknown command or option."""
    command: click.Command = cicd
    context = click.Context(command)
    for word in words[1:]:
        inner = command.get_command(context, word) if isinstance(command, click.Group) else None
        if inner is not None:
            command = inner
        elif word.startswith("-") and word != "-":  # "-" alone is standard input
            if isinstance(command, click.Group):  # `cicd deploy` alone is `cicd deploy run`
                command = command.get_command(context, "run") or command
            options = {name for each in command.get_params(context) for name in each.opts}
            if word.partition("=")[0] not in options:
                return f"types {shlex.join(words)}, which has no option {word}"
        elif command is cicd:
            return f"types {shlex.join(words)}, which is not a command"
    return None


def problems(path: Path) -> Iterator[str]:
    """Give all that is wrong in one document."""
    text = path.read_text(encoding="utf-8")
    yield from broken_links(path, text)
    known = tasks()
    for words in typed(text):
        if words[:1] == ["./run"] and not set(words[1:2]) <= known:
            yield f"types {shlex.join(words)}, which is not a task"
        wrong = wrong_command(words) if words[:1] == ["cicd"] else None
        if wrong:
            yield wrong


def main() -> int:
    """Check every document and print each problem."""
    # First: click remembers a command's options as the first context asked for them.
    made = pages()
    found = [f"{path.relative_to(HERE)} {each}" for path in documents() for each in problems(path)]
    for path, words in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != words:
            found.append(f"{path.relative_to(HERE)} is not what the code says: ./run docs")
    print("\n".join(found))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
