"""Paths and repetitions in a server's AppSpec that an Install breaks on."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from cicd.document.problem import Label
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.deploy.spec import AppSpec, FileMapping, Permission
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


@rule("deploy/outside-revision")
def outside_revision(spec: AppSpec, problems: Problems) -> None:
    """What is copied and what is run comes from the revision; ``..`` leads out of it."""
    named = [(mapping.source, mapping.span) for mapping in spec.files]
    named += [(s.location, s.span) for scripts in spec.hooks.values() for s in scripts]
    for name, span in named:
        if posixpath.normpath(name.strip("/") or ".").startswith(".."):
            problems.warning(
                "deploy/outside-revision",
                f"'{name}' is outside the revision",
                span,
                hint="put it into the revision, and name it from the revision's root",
                note="an agent that rejects such paths fails the deployment; others take whatever "
                "is there",
            )


@rule("deploy/same-file")
def same_file(spec: AppSpec, problems: Problems) -> None:
    """Two entries that copy to one place fail the Install before anything is copied."""
    for index, mapping in enumerate(spec.files):
        for earlier in spec.files[:index]:
            place = _shared(earlier, mapping) or _shared(mapping, earlier)
            if place is not None:
                problems.warning(
                    "deploy/same-file",
                    f"'{mapping.source}' is copied to '{place}' twice"
                    if _inner(mapping.source) == _inner(earlier.source)
                    else f"'{earlier.source}' and '{mapping.source}' are both copied to '{place}'",
                    mapping.span,
                    hint="remove one of the two",
                    labels=(Label(span=earlier.span, text="first written here"),),
                    note="Install fails: two source files for the same destination",
                )
                break


def _shared(one: FileMapping, other: FileMapping) -> str | None:
    """Give a place that both entries copy to, if the second is the first, or a part of it."""
    above, below = _inner(one.source), _inner(other.source)
    first, second = one.destination.rstrip("/"), other.destination.rstrip("/")
    if not one.destination or not other.destination:
        return None
    if above == below:
        return other.destination if first == second else None
    name = posixpath.basename(below)
    if first == second and name == posixpath.basename(above) and "." in name:
        return f"{second}/{name}"  # two files of one name
    if above and not below.startswith(f"{above}/"):
        return None
    inside = below[len(above) :].strip("/")
    copied = f"{first}/{inside}"
    return copied if copied in (second, f"{second}/{name}") else None


def _inner(source: str) -> str:
    """Give a source as it is below the revision's root, which is ""."""
    inner = posixpath.normpath(source.strip("/") or ".")
    return "" if inner == "." else inner


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
