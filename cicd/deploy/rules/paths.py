"""Paths and repetitions in a server's AppSpec that an Install breaks on."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cicd.document.problem import Label
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.deploy.spec import AppSpec, Permission
    from cicd.document.position import Span
    from cicd.document.problem import Problems


@rule("deploy/no-pattern")
def no_pattern(spec: AppSpec, problems: Problems) -> None:
    """``source`` names a file or a directory; patterns are not expanded."""
    for mapping in spec.files:
        if "*" in mapping.source:
            folder = posixpath.dirname(mapping.source.split("*")[0] + "x") or "/"
            problems.warning(
                "deploy/no-pattern",
                f"'{mapping.source}' is taken literally: no pattern is expanded here",
                mapping.span,
                hint=f"name the directory, whose contents are copied: '{folder}'",
                note="Install breaks off there, with what came before it already copied",
            )


@rule("deploy/literal-path")
def literal_path(spec: AppSpec, problems: Problems) -> None:
    """No shell reads a path: variables and ``~`` stay as they are."""
    for mapping in spec.files:
        if mapping.destination.startswith("~") or "$" in mapping.destination:
            problems.warning(
                "deploy/literal-path",
                f"'{mapping.destination}' is taken literally: no shell expands it",
                mapping.span.within(mapping.destination),
                hint="write the absolute path",
            )


@rule("deploy/same-file")
def same_file(spec: AppSpec, problems: Problems) -> None:
    """Two entries that copy to one place fail the Install before anything is copied."""
    seen: dict[tuple[str, str], Span] = {}
    for mapping in spec.files:
        where = (mapping.source.strip("/"), mapping.destination.rstrip("/"))
        if where in seen and where[1]:
            problems.warning(
                "deploy/same-file",
                f"'{mapping.source}' is copied to '{mapping.destination}' twice",
                mapping.span,
                hint="remove one of the two",
                labels=(Label(span=seen[where], text="first written here"),),
                note="Install fails: two source files for the same destination",
            )
        seen.setdefault(where, mapping.span)


@rule("deploy/permission-twice")
def permission_twice(spec: AppSpec, problems: Problems) -> None:
    """A path that two entries of ``permissions`` reach fails the Install."""
    for index, permission in enumerate(spec.permissions):
        for earlier in spec.permissions[:index]:
            if _overlap(earlier, permission):
                problems.warning(
                    "deploy/permission-twice",
                    f"'{permission.object}' is in two entries of 'permissions'",
                    permission.span,
                    hint="join the two: one entry may have an owner and a mode",
                    labels=(Label(span=earlier.span, text="first written here"),),
                    note="Install fails: the permissions setting is specified more than once",
                )
                break


def _overlap(one: Permission, other: Permission) -> bool:
    return (
        one.object.rstrip("/") == other.object.rstrip("/")
        and bool(one.object)
        and one.pattern == other.pattern
        and bool(set(one.type) & set(other.type))
        and one.exclude == other.exclude
    )
