"""``check:`` of ``cicd.yml``: what is checked before a push."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.problem import Severity
from cicd.pipeline.globs import PatternInvalid, check
from cicd.pipeline.triggers import Patterns
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One build, pipeline or command that is named, and the pushes that it is for."""

    name: str
    run: str = ""  # of a command: a line of shell
    timeout: timedelta = timedelta(minutes=60)  # of a command
    branches: Patterns | None = None  # None: all, and tags too unless those are named
    tags: Patterns | None = None
    files: Patterns | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What one ``cicd.yml`` asks for; where it says nothing, documents are linted, no more."""

    lint: bool = True
    fail_on: Severity = Severity.ERROR
    triggers: bool = True  # builds and pipelines that the push would start
    builds: tuple[Wanted, ...] = ()
    pipelines: tuple[Wanted, ...] = ()
    commands: tuple[Wanted, ...] = ()


def read_check(node: Node | None, problems: Problems) -> Configuration:
    """Read the section; whatever is wrong with it is noted, and counts as absent."""
    if node is None:
        return Configuration()
    fields = Fields(node, problems, room="resources", what="'check'")
    found = Configuration(
        lint=fields.flag("lint", default=True),
        fail_on=fields.choice("failOn", Severity, default=Severity.ERROR),
        triggers=fields.flag("triggers", default=True),
        builds=_named(fields, "builds"),
        pipelines=_named(fields, "pipelines"),
        commands=tuple(_entries(fields, "commands", _command)),
    )
    fields.unknown(Severity.ERROR)
    return found


def _named(fields: Fields, section: str) -> tuple[Wanted, ...]:
    """Read a list of names, each alone or with the pushes that it is for."""
    return tuple(_entries(fields, section, _by_name))


def _entries(
    fields: Fields, section: str, read: Callable[[Fields, Node], Wanted | None]
) -> Iterator[Wanted]:
    seen: set[str] = set()
    for item in fields.sequence(section):
        wanted = read(fields, item)
        if wanted is None or not wanted.name:
            continue
        if wanted.name in seen:
            fields.problems.error(
                "resources/duplicate-name",
                f"'{wanted.name}' stands twice in '{section}' of 'check'",
                item.span,
                hint="keep one of the two",
            )
            continue
        seen.add(wanted.name)
        yield wanted


def _by_name(fields: Fields, item: Node) -> Wanted | None:
    if item.kind is NodeKind.SCALAR:
        return None if item.is_null else Wanted(name=item.text)
    inner = fields.inner(item, what="an entry of 'check'")
    name = inner.required_text("name")
    wanted = _filtered(Wanted(name=name), inner)
    inner.unknown(Severity.ERROR)
    return wanted


def _command(fields: Fields, item: Node) -> Wanted | None:
    if item.kind is NodeKind.SCALAR:
        # The line names itself, by its first word.
        word = item.text.split()[0].rpartition("/")[2] if item.text.split() else ""
        return Wanted(name=word, run=item.text) if word else None
    inner = fields.inner(item, what="a command of 'check'")
    name, run = inner.required_text("name"), inner.required_text("run")
    minutes = inner.integer("timeoutInMinutes", 60, minimum=1, maximum=2160)
    if name and not _NAME.fullmatch(name):
        inner.problems.error(
            "resources/wrong-type",
            f"'{name}' cannot be the name of a check",
            inner.span("name"),
            hint="use letters, digits, dots, dashes and underscores",
        )
    wanted = _filtered(Wanted(name=name, run=run, timeout=timedelta(minutes=minutes)), inner)
    inner.unknown(Severity.ERROR)
    return wanted if name and run else None


def _filtered(wanted: Wanted, fields: Fields) -> Wanted:
    branches, tags, files = (_patterns(fields, key) for key in ("branches", "tags", "filePaths"))
    return replace(wanted, branches=branches, tags=tags, files=files)


def _patterns(fields: Fields, key: str) -> Patterns | None:
    """Read patterns as a pipeline's trigger has them, or a list, which includes."""
    node = fields.node(key)
    if node is None:
        return None
    if node.kind is not NodeKind.MAPPING:
        return Patterns(includes=_globs(fields, key))
    inner = fields.inner(node, what=f"'{key}'", at=fields.span(key))
    found = Patterns(includes=_globs(inner, "includes"), excludes=_globs(inner, "excludes"))
    inner.unknown(Severity.ERROR)
    return found


def _globs(fields: Fields, key: str) -> tuple[str, ...]:
    kept = []
    for item in fields.texts(key):
        try:
            check(item.text)
        except PatternInvalid as wrong:
            fields.problems.error(
                "resources/pattern", f"'{item.text}' is not a pattern: {wrong}", item.span
            )
        else:
            kept.append(item.text)
    return tuple(kept)
