"""Entries of ``permissions`` that reach nothing, or fail on what they reach."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final

from cicd.deploy.spec import WINDOWS
from cicd.document.problem import Label
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.deploy.spec import AppSpec, FileMapping
    from cicd.document.problem import Problems

_LITERAL: Final = ("?", "[", "/")  # only "*" is a wildcard, and only names are compared
EVERYTHING: Final = "**"


@rule("deploy/permission-nowhere")
def permission_nowhere(spec: AppSpec, problems: Problems) -> None:
    """An entry reaches what this deployment copies; what is elsewhere it passes over."""
    copied = [posixpath.normpath(mapping.destination) for mapping in spec.files]
    if spec.os == WINDOWS or not all(path.startswith("/") for path in copied):
        return
    for permission in spec.permissions:
        place = posixpath.normpath(permission.object or "/")
        if not place.startswith("/"):
            problems.warning(
                "deploy/permission-nowhere",
                f"'{permission.object}' is not an absolute path",
                permission.span,
                hint="name the place on the instance, not in the revision",
            )
        elif copied and not any(_near(place, path) for path in copied):
            problems.warning(
                "deploy/permission-nowhere",
                f"nothing is copied to '{permission.object}' or below it",
                permission.span,
                hint=f"what is copied goes to {', '.join(dict.fromkeys(copied))}",
                note="the agent passes the entry over without a word",
            )


@rule("deploy/permission-pattern")
def permission_pattern(spec: AppSpec, problems: Problems) -> None:
    """Patterns and exceptions are names of direct children, of a directory."""
    files = {_copied_file(mapping): mapping for mapping in spec.files}
    for permission in spec.permissions:
        written = (permission.pattern, *permission.exclude)
        for pattern in written:
            found = [character for character in _LITERAL if character in pattern]
            if found:
                problems.warning(
                    "deploy/permission-pattern",
                    f"'{pattern}' matches nothing: '{found[0]}' is "
                    + ("in no name" if found[0] == "/" else "no wildcard here"),
                    permission.span,
                    hint="names of direct children only; '*' stands for any letters",
                )
        mapping = files.get(permission.object.rstrip("/"))
        if mapping is not None and written != (EVERYTHING,):
            problems.warning(
                "deploy/permission-pattern",
                f"'{permission.object}' is a file, which has no children for a pattern",
                permission.span,
                hint="leave 'pattern' and 'except' out",
                labels=(Label(span=mapping.span, text="copied here"),),
                note="Install fails: an object with an invalid pattern",
            )


@rule("deploy/default-acl")
def default_acl(spec: AppSpec, problems: Problems) -> None:
    """Default access control entries are for directories; a file that they reach fails Install."""
    for permission in spec.permissions:
        if "file" in permission.type and any(acl.default for acl in permission.acls or ()):
            problems.warning(
                "deploy/default-acl",
                f"the default entries of '{permission.object}' also reach files",
                permission.span,
                hint="add 'type: [directory]'",
                note="Install fails: the -d parameter is supported for directories only",
            )


def _near(one: str, other: str) -> bool:
    one, other = f"{one.rstrip('/')}/", f"{other.rstrip('/')}/"
    return one.startswith(other) or other.startswith(one)


def _copied_file(mapping: FileMapping) -> str:
    """Give where a file lands; for a directory, where nothing does."""
    name = posixpath.basename(mapping.source.rstrip("/"))
    return posixpath.join(mapping.destination, name) if "." in name else ""
