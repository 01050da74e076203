"""Node → BatchSpec: the ``batch`` section of a buildspec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.buildspec.batch_checks import check_dependencies, check_identifiers, invalid
from cicd.build.compute.reader import check_compute_type
from cicd.build.project import ENVIRONMENT_TYPES
from cicd.build.variables import check_name
from cicd.document.fields import Fields
from cicd.document.node import NodeKind
from cicd.document.position import Span
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
        invalid(
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
        invalid(problems, "build/batch-kinds", "'batch' starts no build", node.span, hint=hint)
    for kind in ("build-list", "build-graph"):
        if kind in present and not fields.sequence(kind):
            invalid(problems, "build/batch-empty", f"'{kind}' is empty", fields.span(kind))
    check_identifiers(spec.entries, problems)
    check_dependencies(spec.entries, fields.sequence("build-graph"), problems)
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
            invalid(problems, "build/batch-empty", f"'{key}' has no values", fields.span(key))

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
