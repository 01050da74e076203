"""Node → BatchSpec: the ``batch`` section of a buildspec."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.position import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.document.node import Node
    from cicd.document.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """One build of ``build-list`` or ``build-graph``."""

    identifier: str
    buildspec: str | None
    depend_on: tuple[str, ...]
    ignore_failure: bool
    variables: tuple[tuple[str, str], ...]
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpec:
    """What StartBuildBatch would start; a plain build does not look at it."""

    kind: str  # "build-list", "build-graph", "build-matrix", "build-fanout"
    fast_fail: bool
    entries: tuple[BatchEntry, ...]  # of a list or a graph
    dimensions: tuple[tuple[str, tuple[str, ...]], ...]  # of a matrix: ("env.image", (…))
    parallelism: int  # of a fan-out
    span: Span


KINDS = ("build-list", "build-graph", "build-matrix", "build-fanout")
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")


def read_batch(
    node: Node | None, problems: Problems, close: Callable[[Fields, str], None]
) -> BatchSpec | None:
    """
    Read ``batch``; ``close`` reports the unknown keys of a section.

    Source: user guide, "Batch build buildspec reference".
    """
    if node is None or node.is_null:
        return None
    fields = Fields(node, problems, room="build", what="batch")
    present = [kind for kind in KINDS if fields.node(kind) is not None]
    for extra in present[1:]:
        problems.error(
            "build/batch-kinds",
            f"'{extra}' cannot stand beside '{present[0]}'",
            fields.span(extra),
            hint="keep one of the two",
        )
    matrix = fields.mapping("build-matrix")
    fanout = fields.mapping("build-fanout")
    spec = BatchSpec(
        kind=present[0] if present else "",
        fast_fail=fields.flag("fast-fail", default=False),
        entries=_entries(fields, "build-list", problems, close)
        + _entries(fields, "build-graph", problems, close),
        dimensions=_matrix(matrix, close) if matrix is not None else (),
        parallelism=_fanout(fanout, close) if fanout is not None else 0,
        span=node.span,
    )
    close(fields, "batch")
    _check_identifiers(spec.entries, problems)
    return spec


def _entries(
    fields: Fields, kind: str, problems: Problems, close: Callable[[Fields, str], None]
) -> tuple[BatchEntry, ...]:
    found = []
    for item in fields.sequence(kind):
        entry = fields.inner(item, what=f"an entry of {kind}")
        # An absent identifier cannot be told apart in the log, so it is refused like a bad one.
        identifier = entry.required_text("identifier")
        environment = entry.mapping("env")
        variables: tuple[tuple[str, str], ...] = ()
        if environment is not None:
            given = environment.mapping("variables")
            if given is not None:
                variables = tuple((e.key, e.value.text) for e in given.entries())
            for key in ("compute-type", "fleet", "image", "type"):
                environment.text(key)
            environment.flag("privileged-mode", default=False)
            if "compute-type" in environment and "fleet" in environment:
                problems.error(
                    "build/batch-compute",
                    "'fleet' cannot stand beside 'compute-type'",
                    environment.span("fleet"),
                )
            close(environment, "env")
        entry.flag("debug-session", default=False)
        found.append(
            BatchEntry(
                identifier=identifier,
                buildspec=entry.text("buildspec", default=None),
                depend_on=tuple(n.text for n in entry.texts("depend-on"))
                if kind == "build-graph"
                else (),
                ignore_failure=entry.flag("ignore-failure", default=False),
                variables=variables,
                span=entry.span("identifier"),
            )
        )
        close(entry, kind)
    return tuple(found)


def _matrix(
    matrix: Fields, close: Callable[[Fields, str], None]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    static = matrix.mapping("static")
    if static is not None:
        static.flag("ignore-failure", default=False)
        environment = static.mapping("env")
        if environment is not None:
            environment.flag("privileged-mode", default=False)
            environment.text("type")
            close(environment, "env")
        close(static, "static")
    dimensions: list[tuple[str, tuple[str, ...]]] = []
    dynamic = matrix.mapping("dynamic")
    if dynamic is not None:
        if "buildspec" in dynamic:
            dimensions.append(("buildspec", _values(dynamic, "buildspec")))
        environment = dynamic.mapping("env")
        if environment is not None:
            dimensions.extend(
                (f"env.{key}", _values(environment, key))
                for key in ("compute-type", "image")
                if key in environment
            )
            variables = environment.mapping("variables")
            if variables is not None:
                dimensions.extend(
                    (f"env.variables.{e.key}", _values(variables, e.key))
                    for e in variables.entries()
                )
            close(environment, "env")
        close(dynamic, "dynamic")
    close(matrix, "build-matrix")
    return tuple(dimensions)


def _values(fields: Fields, key: str) -> tuple[str, ...]:
    return tuple(node.text for node in fields.texts(key) if node.kind is NodeKind.SCALAR)


def _fanout(fanout: Fields, close: Callable[[Fields, str], None]) -> int:
    fanout.required("parallelism")
    parallelism = fanout.integer("parallelism", default=0, minimum=1)
    fanout.flag("ignore-failure", default=False)
    close(fanout, "build-fanout")
    return parallelism


def _check_identifiers(entries: tuple[BatchEntry, ...], problems: Problems) -> None:
    bad = ",".join(e.identifier for e in entries if not _IDENTIFIER.fullmatch(e.identifier))
    known: set[str] = set()
    for entry in entries:
        if not _IDENTIFIER.fullmatch(entry.identifier):
            problems.error(
                "build/batch-identifier",
                f"'{entry.identifier}' is not an identifier",
                entry.span,
                hint="use letters, digits and underscores, 127 at most",
                note="BATCH_SPEC_VALIDATION_ERROR: BatchSpec has invalid values..\n"
                f"Build Identifiers {bad}\nmust contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length.",
            )
        elif entry.identifier in known:
            problems.error(
                "build/batch-identifier", f"'{entry.identifier}' stands twice", entry.span
            )
        known.add(entry.identifier)
    for entry in entries:
        for name in entry.depend_on:
            if name not in known:
                problems.error(
                    "build/batch-depend-on",
                    f"'{entry.identifier}' depends on '{name}', which is no build of this batch",
                    entry.span,
                )
