"""``phases`` of a buildspec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.buildspec.reading import OUTERMOST
from cicd.build.spec import (
    COMMAND_PHASES,
    OnFailure,
    OnFailureSpec,
    PhaseSpec,
    PhaseType,
    Text,
)
from cicd.document.fix import Fix, quoted
from cicd.document.node import NodeKind
from cicd.expression import ExpressionFault, check
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from cicd.build.buildspec.reading import Reading
    from cicd.document.fields import Fields
    from cicd.document.node import Node
    from cicd.document.position import Span

_OF_A_PHASE = frozenset({"commands", "finally", "on-failure", "runtime-versions"})
_RETRY = re.compile(r"retry(?:-(?P<count>\d+)(?=-|$))?(?:-(?P<pattern>.+))?$", re.IGNORECASE)


def read_phases(reading: Reading, node: Node | None) -> tuple[PhaseSpec, ...]:
    """Read ``phases``: those there are, in the order of execution."""
    found: dict[PhaseType, PhaseSpec] = {}
    expected = ",".join(sorted(COMMAND_PHASES))
    node_keys = frozenset(node.entries) if node is not None else frozenset()
    before = ""  # the phase above
    for key, span, value in reading.each(node, "phases"):
        name = key.upper()
        if name not in COMMAND_PHASES:
            options = tuple(phase.lower() for phase in COMMAND_PHASES)
            near = closest(key.lower(), options)
            sure = only_close(key, options)
            reading.problems.error(
                "build/unknown-phase",
                f"'{key}' is not a phase",
                span,
                hint=f"did you mean '{near}'?" if near else _home(key, before),
                note=f"YAML_FILE_ERROR Message: Invalid buildspec phase name: {name}. "
                f"Expecting: {expected}",
                fix=Fix.word(span, sure) if sure and sure not in node_keys else None,
            )
            continue
        before = key
        phase = PhaseType(name)
        if phase in found:
            reading.problems.error(
                "build/duplicate-phase",
                f"'{key}' stands twice under 'phases'",
                span,
                hint="phase names ignore case; join the two",
            )
            continue
        found[phase] = _phase(reading, phase, key, span, value)
    return tuple(found[phase] for phase in COMMAND_PHASES if phase in found)


def _home(key: str, before: str) -> str | None:
    """Say where a key stands that people write among the phases; None: nowhere."""
    if key in OUTERMOST:
        return f"'{key}' stands {OUTERMOST[key]}"
    if key not in _OF_A_PHASE:
        return None
    return f"indent '{key}' below '{before}'" if before else f"'{key}' stands in a phase"


def _phase(reading: Reading, phase: PhaseType, key: str, span: Span, node: Node) -> PhaseSpec:
    if node.is_null:
        return PhaseSpec(
            phase=phase,
            commands=(),
            finally_commands=(),
            on_failure=None,
            run_as=None,
            runtime_versions=(),
            span=span,
        )
    fields = reading.fields(node, key)
    runtimes: tuple[tuple[str, Text], ...] = ()
    if phase is PhaseType.INSTALL:
        runtimes = _runtimes(reading, fields.node("runtime-versions"))
    spec = PhaseSpec(
        phase=phase,
        commands=_commands(reading, fields.node("commands"), "Commands", key),
        finally_commands=_commands(reading, fields.node("finally"), "Finally", key),
        on_failure=_on_failure(reading, fields),
        run_as=fields.text("run-as", default=None),
        runtime_versions=runtimes,
        span=span,
    )
    reading.close(fields, key)
    return spec


def _commands(reading: Reading, node: Node | None, name: str, phase: str) -> tuple[Text, ...]:
    if node is None or node.is_null:
        return ()
    if node.kind is NodeKind.SCALAR:
        reading.problems.warning(
            "build/commands-not-a-list",
            f"'{name.lower()}' of '{phase}' is one text, not a list",
            node.span,
            hint="put '- ' before it",
        )
        return (Text(text=node.text, span=node.span),)
    if node.kind is NodeKind.MAPPING:
        reading.problems.error(
            "build/commands-not-a-list",
            f"'{name.lower()}' of '{phase}' is a mapping, not a list of commands",
            node.span,
            hint="put '- ' before each command",
        )
        return ()
    found = []
    for index, item in enumerate(node.items):
        if item.kind is NodeKind.SCALAR:
            text = "" if item.is_null else item.text
            found.append(Text(text=text, span=item.span))
            continue
        line = item.span.line
        below = "" if name == "Commands" else f"'{name.lower()}' of "
        reading.problems.error(
            "build/command-not-text",
            f"command {index + 1} of {below}'{phase}' is a {item.kind.lower()}, not text",
            item.span,
            hint=_why_no_text(item),
            note=f"YAML_FILE_ERROR Message: Expected {name}[{index}] to be of string type: "
            f"found subkeys instead at line {line}, "
            f"value of the key tag on line {line - 1} might be empty",
            fix=_in_quotes(item),
        )
    return tuple(found)


def _why_no_text(item: Node) -> str:
    if item.kind is NodeKind.MAPPING:
        return "quote the whole command: ': ' inside makes it a mapping"
    if item.span.text.startswith("["):
        return "quote the whole command: a '[' at its beginning makes it a list"
    return "put its commands here one by one: a list in a list of commands is none"


def _in_quotes(item: Node) -> Fix | None:
    """Quote a command that YAML takes for a mapping, if it is one line with one colon."""
    entries = tuple(item.entries.values())
    plain = len(entries) == 1 and entries[0].value.kind is NodeKind.SCALAR
    written = item.span.text
    line = item.span.source.line(item.span.line)
    whole = line[item.span.column - 1 :].rstrip() == written and "#" not in written
    return Fix.text(item.span, quoted(written)) if plain and whole else None


def _on_failure(reading: Reading, fields: Fields) -> OnFailureSpec | None:
    text = fields.text("on-failure", default=None)
    if text is None:
        return None
    span = fields.span("on-failure")
    if text.upper() in {OnFailure.ABORT, OnFailure.CONTINUE}:
        return OnFailureSpec(action=OnFailure(text.upper()), span=span)
    match = _RETRY.match(text)
    if match is None:
        reading.problems.error(
            "build/on-failure",
            f"'{text}' is not an action of 'on-failure'",
            span,
            note="the actions are ABORT, CONTINUE, RETRY, RETRY-<count>, RETRY-<regex> "
            "and RETRY-<count>-<regex>",
        )
        return None
    retries = int(match["count"] or 3)
    if retries > 100:
        reading.problems.error(
            "build/on-failure", f"{retries} retries are too many", span, hint="100 at most"
        )
    pattern = match["pattern"] or ".*"
    try:
        check(pattern)
    except ExpressionFault as wrong:
        reading.problems.error(
            "build/on-failure", f"'{pattern}' is not a regular expression: {wrong}", span
        )
    return OnFailureSpec(action=OnFailure.RETRY, retries=retries, pattern=pattern, span=span)


def _runtimes(reading: Reading, node: Node | None) -> tuple[tuple[str, Text], ...]:
    found = []
    for name, _, value in reading.each(node, "runtime-versions"):
        if value.kind is NodeKind.SCALAR:
            found.append((name, Text(text=value.text, span=value.span)))
        else:
            reading.problems.error(
                "build/runtime-version",
                f"the version of '{name}' is a {value.kind.lower()}, not text",
                value.span,
                hint="write one version, quoted",
            )
    return tuple(found)
