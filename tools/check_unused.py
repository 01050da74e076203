"""
Code that nobody uses, as vulture finds it, less what is used in ways that it cannot see.

    python tools/check_unused.py

Not reported: the vocabularies of AWS (members of enumerations), fields of frozen values (they are
written by ``engine.codec`` under their names), what a registry or the table of commands names in a
string, a group's commands, the methods that third-party libraries call, and ``cicd.testing``,
whose users are tests.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

import vulture

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "cicd"
NAMED = re.compile(r"^cicd[\w.]*:(\w+)$")
CALLED_BY_LIBRARIES = frozenset(
    {
        *("format_commands", "get_command", "list_commands", "readable", "seekable"),
        *("get_metavar", "get_invalid_choice_message"),
        *("get_completion_args", "format_completion", "source_template", "on_broken_pipe"),
        *("connection_made", "data_received", "eof_received", "connection_lost"),
        *("pause_writing", "resume_writing"),
        *("daemon_threads", "block_on_close", "request_queue_size", "allow_reuse_address"),
        *("protocol_version", "server_version", "sys_version", "log_message", "handle_error"),
        *("client_address", "do_GET", "do_HEAD", "do_POST", "do_PUT", "do_DELETE"),
        *("http_open", "https_open"),  # urllib.request calls them
        "get_remaining_time_in_millis",  # handlers of functions
        "__getattr__",  # of a module: the import system
    }
)
SET_FOR_LIBRARIES = "attribute"  # such as the handlers of an expat parser
VALUES = frozenset({"dataclass", "StrEnum", "IntEnum", "Enum", "NamedTuple", "Protocol"})


def exempt(path: Path) -> set[str]:
    """Give the names that one file uses, or declares, in ways that vulture cannot see."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            named = NAMED.match(node.value)
            names |= {named[1]} if named else set()
        elif isinstance(node, ast.FunctionDef) and any(
            isinstance(word, ast.Attribute) and word.attr == "command"
            for each in node.decorator_list
            for word in ast.walk(each)
        ):
            names.add(node.name)
        elif isinstance(node, ast.ClassDef) and VALUES & {
            word.id
            for each in (*node.bases, *node.decorator_list)
            for word in ast.walk(each)
            if isinstance(word, ast.Name)
        }:
            names |= declared(node)
    return names


def declared(node: ast.ClassDef) -> set[str]:
    """Give the fields and members of a class."""
    names: set[str] = set()
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.add(statement.target.id)
        elif isinstance(statement, ast.Assign):
            names |= {each.id for each in statement.targets if isinstance(each, ast.Name)}
    return names


def main() -> int:
    """Print what is left, a line each."""
    names = set(CALLED_BY_LIBRARIES)
    for path in PACKAGE.rglob("*.py"):
        names |= exempt(path)
    finder = vulture.Vulture()
    finder.scavenge([str(PACKAGE)])
    left = [
        item
        for item in finder.get_unused_code(min_confidence=60)
        if item.name not in names
        and item.typ != SET_FOR_LIBRARIES
        and PACKAGE / "testing" not in item.filename.parents
    ]
    for item in left:
        where = f"{item.filename.relative_to(HERE)}:{item.first_lineno}"
        print(f"{where}: {item.typ} '{item.name}' is not used")
    return int(bool(left))


if __name__ == "__main__":
    sys.exit(main())
