"""Node → BatchSpec: the ``batch`` section of a buildspec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.compute.reader import check_compute_type
from cicd.build.project import ENVIRONMENT_TYPES
from cicd.build.variables import check_name
from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.position import Span
from cicd.document.problem import Label
from cicd.nearest import closest
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.document.node import Node
    from cicd.document.problem import Problems


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEnvironment:
    """What a build of the batch overrides; None: the project's."""

    compute_type: str | None = None
    fleet: str | None = None
    image: str | None = None
    privileged: bool | None = None
    type: str | None = None
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchEntry:
    """One build of ``build-list`` or ``build-graph``."""

    identifier: str
    buildspec: str | None
    depend_on: tuple[str, ...]
    ignore_failure: bool
    debug_session: bool = False
    environment: BatchEnvironment = BatchEnvironment()
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSpec:
    """What StartBuildBatch would start; a plain build does not look at it."""

    kind: str  # "build-list", "build-graph", "build-matrix", "build-fanout"
    fast_fail: bool
    entries: tuple[BatchEntry, ...]  # of a list or a graph
    dimensions: tuple[tuple[str, tuple[str, ...]], ...]  # of a matrix: ("env.image", (…))
    static: BatchEnvironment = BatchEnvironment()  # of a matrix
    parallelism: int  # of a fan-out
    ignore_failure: bool = False  # of a matrix or a fan-out
    span: Span


KINDS = ("build-list", "build-graph", "build-matrix", "build-fanout")
INVALID = "BATCH_SPEC_VALIDATION_ERROR"
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
        _invalid(
            problems,
            "build/batch-kinds",
            f"'{extra}' cannot stand beside '{present[0]}'",
            fields.span(extra),
            hint="keep one of the two",
        )
    matrix = fields.mapping("build-matrix")
    fanout = fields.mapping("build-fanout")
    static = matrix.mapping("static") if matrix is not None else None
    shared = static or fanout
    ignored = shared.flag("ignore-failure", default=False) if shared else False
    same = _static(static, close) if static is not None else BatchEnvironment()
    kind = same.type or ""
    spec = BatchSpec(
        kind=present[0] if present else "",
        fast_fail=fields.flag("fast-fail", default=False),
        entries=_entries(fields, "build-list", problems, close)
        + _entries(fields, "build-graph", problems, close),
        ignore_failure=ignored,
        static=same,
        dimensions=_matrix(matrix, kind, problems, close) if matrix is not None else (),
        parallelism=_fanout(fanout, close) if fanout is not None else 0,
        span=node.span,
    )
    close(fields, "batch")
    if not present:
        hint = f"add one of {', '.join(KINDS)}"
        _invalid(problems, "build/batch-kinds", "'batch' starts no build", node.span, hint=hint)
    for kind in ("build-list", "build-graph"):
        if kind in present and not fields.sequence(kind):
            _invalid(problems, "build/batch-empty", f"'{kind}' is empty", fields.span(kind))
    _check_identifiers(spec.entries, problems)
    _check_dependencies(spec.entries, fields.sequence("build-graph"), problems)
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
        found.append(
            BatchEntry(
                identifier=identifier,
                buildspec=entry.text("buildspec", default=None),
                depend_on=tuple(n.text for n in entry.texts("depend-on"))
                if kind == "build-graph"
                else (),
                ignore_failure=entry.flag("ignore-failure", default=False),
                debug_session=entry.flag("debug-session", default=False),
                environment=_environment(environment, problems, close)
                if environment is not None
                else BatchEnvironment(),
                span=_value_span(entry, "identifier"),
            )
        )
        close(entry, kind)
    return tuple(found)


def _value_span(fields: Fields, key: str) -> Span:
    node = fields.node(key)
    return node.span if node is not None else fields.span(key)


def _environment(
    fields: Fields, problems: Problems, close: Callable[[Fields, str], None]
) -> BatchEnvironment:
    given = fields.mapping("variables")
    kind = fields.choice("type", ENVIRONMENT_TYPES)
    check_compute_type(fields.node("compute-type"), kind or "", problems)
    environment = BatchEnvironment(
        compute_type=fields.text("compute-type", default=None),
        fleet=fields.text("fleet", default=None),
        image=fields.text("image", default=None),
        privileged=fields.flag("privileged-mode", default=None),
        type=kind,
        variables=tuple(_variables(given, problems)) if given else (),
    )
    if "compute-type" in fields and "fleet" in fields:
        problems.error(
            "build/batch-compute",
            "'fleet' cannot stand beside 'compute-type'",
            fields.span("fleet"),
        )
    close(fields, "env")
    return environment


def _variables(given: Fields, problems: Problems) -> Iterator[tuple[str, str]]:
    for entry in given.entries():
        check_name(entry.key, entry.key_span, problems)
        if entry.value.kind is not NodeKind.SCALAR:
            problems.error(
                "build/variable-value",
                f"the value of '{entry.key}' is a {entry.value.kind.lower()}, not text",
                entry.value.span,
                hint="write one value, quoted if need be",
            )
        yield entry.key, "" if entry.value.is_null else entry.value.text


def _static(static: Fields, close: Callable[[Fields, str], None]) -> BatchEnvironment:
    environment = static.mapping("env")
    privileged, type_ = None, None
    if environment is not None:
        privileged = environment.flag("privileged-mode", default=None)
        type_ = environment.choice("type", ENVIRONMENT_TYPES)
        close(environment, "env")
    close(static, "static")
    return BatchEnvironment(privileged=privileged, type=type_)


def _matrix(
    matrix: Fields, kind: str, problems: Problems, close: Callable[[Fields, str], None]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give the dimensions, the outermost first; ``kind``: all builds' type, "" if unknown."""
    dimensions: list[tuple[str, tuple[str, ...]]] = []

    def add(name: str, fields: Fields, key: str) -> None:
        values = tuple(n.text for n in fields.texts(key) if n.kind is NodeKind.SCALAR)
        dimensions.append((name, values))
        if not values:
            _invalid(problems, "build/batch-empty", f"'{key}' has no values", fields.span(key))

    dynamic = matrix.mapping("dynamic")
    if dynamic is not None:
        if "buildspec" in dynamic:
            add("buildspec", dynamic, "buildspec")
        environment = dynamic.mapping("env")
        if environment is not None:
            for key in ("compute-type", "image"):
                if key in environment:
                    add(f"env.{key}", environment, key)
            for node in environment.texts("compute-type"):
                check_compute_type(node, kind, problems)
            variables = environment.mapping("variables")
            for entry in variables.entries() if variables is not None else ():
                assert variables is not None, "it has entries"
                add(f"env.variables.{entry.key}", variables, entry.key)
                check_name(entry.key, entry.key_span, problems)
            close(environment, "env")
        close(dynamic, "dynamic")
    close(matrix, "build-matrix")
    return tuple(dimensions)


def _fanout(fanout: Fields, close: Callable[[Fields, str], None]) -> int:
    fanout.required("parallelism")
    parallelism = fanout.integer("parallelism", default=0, minimum=1)
    close(fanout, "build-fanout")
    return parallelism


# ── What a batch must be ──────────────────────────────────────────────────────────────────────


def _invalid(
    problems: Problems,
    rule: str,
    message: str,
    span: Span,
    *,
    hint: str | None = None,
    labels: tuple[Label, ...] = (),
) -> None:
    """Note what the service would refuse in DOWNLOAD_BATCHSPEC; its own words are not known."""
    problems.error(rule, message, span, hint=hint, labels=labels, note=f"{INVALID}: {message}")


def _check_identifiers(entries: tuple[BatchEntry, ...], problems: Problems) -> None:
    bad = ",".join(e.identifier for e in entries if not _IDENTIFIER.fullmatch(e.identifier))
    known: dict[str, Span] = {}
    for entry in entries:
        if not _IDENTIFIER.fullmatch(entry.identifier):
            problems.error(
                "build/batch-identifier",
                f"'{entry.identifier}' is not an identifier",
                entry.span,
                hint="use letters, digits and underscores, 127 at most",
                note=f"{INVALID}: BatchSpec has invalid values..\n"
                f"Build Identifiers {bad}\nmust contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length.",
            )
        elif entry.identifier in known:
            _invalid(
                problems,
                "build/batch-identifier",
                f"'{entry.identifier}' stands twice",
                entry.span,
                hint="give each build an identifier of its own",
                labels=(Label(span=known[entry.identifier], text="first written here"),),
            )
        known.setdefault(entry.identifier, entry.span)


def _named(graph: tuple[Node, ...], name: str) -> Iterator[Span]:
    """Give the places where builds of a graph say that they depend on ``name``."""
    for item in graph:
        wanted = item.entries.get("depend-on")
        for each in (wanted.value.items or (wanted.value,)) if wanted is not None else ():
            if each.text == name:
                yield each.span


def _check_dependencies(
    entries: tuple[BatchEntry, ...], graph: tuple[Node, ...], problems: Problems
) -> None:
    places = {entry.identifier: entry.span for entry in entries}
    edges = []
    for entry in entries:
        for name in entry.depend_on:
            if name in places:
                edges.append((name, entry.identifier))
                continue
            near = closest(name, (other for other in places if other != entry.identifier))
            _invalid(
                problems,
                "build/batch-depend-on",
                f"'{entry.identifier}' depends on '{name}', which is no build of this batch",
                next(_named(graph, name), entry.span),
                hint=f"did you mean '{near}'?" if near else None,
            )
    if not edges:
        return
    from cicd.engine.graph import Dag

    cycle = Dag(places, edges).cycle()
    if cycle is not None:
        waits = " → ".join((*cycle, cycle[0]))
        _invalid(
            problems,
            "build/batch-cycle",
            f"the builds wait for each other: {waits}",
            places[cycle[0]],
            hint="take one of the 'depend-on' away",
        )
