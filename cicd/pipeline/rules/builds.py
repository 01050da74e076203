"""Actions of CodeBuild, and commands of a compute action: what they are given, and take."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cicd.document.position import brief
from cicd.document.rules import rule
from cicd.pipeline.rules.structure import actions_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_TYPES: Final = ("PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER")
_IDENTIFIER: Final = re.compile(r"\w{1,127}", re.ASCII)


@rule("pipeline/environment-variables")
def environment_variables(spec: PipelineDeclaration, problems: Problems) -> None:
    """``EnvironmentVariables`` of a build is JSON text: a list of name, value and type."""
    for action in _builds(spec):
        text = action.configuration.get("EnvironmentVariables", "")
        if text:
            wrong = _wrong_variables(text)
            if wrong:
                problems.warning(
                    "pipeline/environment-variables",
                    f"'EnvironmentVariables' of '{action.name}' {wrong}",
                    action.span("configuration", "EnvironmentVariables"),
                    hint='write [{"name":"STAGE","value":"test","type":"PLAINTEXT"}]',
                    note="the action fails when it starts",
                )


@rule("pipeline/primary-source")
def primary_source(spec: PipelineDeclaration, problems: Problems) -> None:
    """A build with several inputs says which one it starts in. It fails at run time otherwise."""
    for action in _builds(spec):
        names = [artifact.name for artifact in action.inputs]
        if len(names) < 2:
            continue
        primary = action.configuration.get("PrimarySource")
        if primary not in names:
            problems.warning(
                "pipeline/primary-source",
                f"'{action.name}' has several inputs, and "
                + (f"'{primary}' is none of them" if primary else "no 'PrimarySource'"),
                action.span("configuration", *(["PrimarySource"] if primary else [])),
                hint=f"PrimarySource: {names[0]}",
                note="the action will not start",
            )


@rule("pipeline/input-identifier")
def input_identifier(spec: PipelineDeclaration, problems: Problems) -> None:
    """A build's second input becomes a secondary source, whose identifier takes no hyphen."""
    for action in _builds(spec):
        primary = action.configuration.get("PrimarySource")
        for artifact in action.inputs if len(action.inputs) > 1 else ():
            if artifact.name != primary and not _IDENTIFIER.fullmatch(artifact.name):
                problems.warning(
                    "pipeline/input-identifier",
                    f"CodeBuild cannot take '{artifact.name}' as a secondary source",
                    artifact.span,
                    hint=f"call it {re.sub(r'[^A-Za-z0-9_]', '_', artifact.name)[:127]}",
                    note="Invalid input: identifier must contain only alphanumeric characters "
                    "and underscores and be less than 128 characters in length",
                )


@rule("pipeline/compute-commands")
def compute_commands(spec: PipelineDeclaration, problems: Problems) -> None:
    """Each command of a Commands action is one line."""
    for action in actions_of(spec):
        entry = action.node.entries.get("commands")
        for command in entry.value.items if entry else ():
            if "\n" in command.text.strip():
                problems.error(
                    "pipeline/compute-commands",
                    f"a command of '{action.name}' has more than one line",
                    command.span,
                    hint="write one entry for each line",
                    note="ValidationException: a command is a single line",
                )


def _builds(spec: PipelineDeclaration) -> Iterator[ActionDeclaration]:
    return (action for action in actions_of(spec) if action.type_id.provider == "CodeBuild")


def _wrong_variables(text: str) -> str | None:
    try:
        variables = json.loads(text)
    except (ValueError, RecursionError):
        return "is not JSON"
    if not isinstance(variables, list) or not all(isinstance(v, dict) for v in variables):
        return "is not a list of objects"
    seen: set[str] = set()
    for variable in variables:
        if not {"name", "value"} <= variable.keys():
            return "has an entry without 'name' or 'value'"
        name, value = variable["name"], variable["value"]
        if not isinstance(name, str) or (value is None or isinstance(value, list | dict)):
            return f"has an entry whose value is not text: {brief(json.dumps(value))}"
        if variable.get("type", "PLAINTEXT") not in _TYPES:
            return f"has an entry of the type '{brief(str(variable['type']))}'"
        if name in seen:
            return f"has two entries named '{brief(name)}'"
        seen.add(name)
    return None
