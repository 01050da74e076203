"""What must hold for one action: that its type exists, its configuration, its counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.account import region
from cicd.document.rules import rule
from cicd.nearest import closest
from cicd.pipeline.action_type import ACTION_TYPES, Category, find_action_type
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.rules.structure import ACTION, actions_of
from cicd.pipeline.spec import PipelineType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.problem import Problems
    from cicd.pipeline.action_type import ActionType
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_ENVIRONMENTS = frozenset({"Commands", "EKS"})


@rule("pipeline/unknown-action-type")
def unknown_action_type(spec: PipelineDeclaration, problems: Problems) -> None:
    """Category, owner and provider together name an action type that exists."""
    for action in actions_of(spec):
        type_id = action.type_id
        if not (type_id.category and type_id.owner and type_id.provider):
            continue  # the schema has said so
        if find_action_type(type_id) is not None and type_id.version == "1":
            continue
        if str(type_id) not in ACTION_TYPES and str(type_id) in ACTIONS:
            continue
        near = closest(str(type_id), ACTION_TYPES)
        known = str(type_id) in ACTION_TYPES
        problems.error(
            "pipeline/unknown-action-type",
            f"'{type_id}', version {type_id.version or 'none'}, is not an action type",
            action.span("actionTypeId", "version" if known else "provider"),
            hint="the version is '1'" if known else near and f"did you mean '{near}'?",
            note=f"{ACTION}: ActionType (Category: '{type_id.category}', Provider: "
            f"'{type_id.provider}', Owner: '{type_id.owner}', Version: '{type_id.version}') in "
            f"action '{action.name}' is not available in region '{_shouted(region())}'",
        )


@rule("pipeline/configuration")
def configuration(spec: PipelineDeclaration, problems: Problems) -> None:
    """An action's configuration has what its type requires, and nothing that it does not know."""
    for action, kind in _known(spec):
        for key in kind.required:
            if not action.configuration.get(key):
                problems.error(
                    "pipeline/configuration",
                    f"'{action.name}' has no '{key}' in its configuration",
                    action.span("configuration"),
                    note=f"{ACTION}: Action configuration for action '{action.name}' is missing "
                    f"required configuration '{key}'",
                )
        allowed = (*kind.required, *kind.optional)
        for key in action.configuration:
            if kind.closed and key not in allowed:
                near = closest(key, allowed)
                problems.error(
                    "pipeline/configuration",
                    f"'{key}' is not a configuration key of {action.type_id.provider}",
                    action.node.entries["configuration"].value.entries[key].key_span,
                    hint=f"did you mean '{near}'?" if near else None,
                    note=f"{ACTION}: Action configuration for action '{action.name}' contains "
                    f"unknown configuration '{key}'",
                )


@rule("pipeline/artifact-count")
def artifact_count(spec: PipelineDeclaration, problems: Problems) -> None:
    """An action takes and makes as many artifacts as its type allows."""
    for action, kind in _known(spec):
        for direction, declared, allowed in (
            ("input", action.inputs, kind.inputs),
            ("output", action.outputs, kind.outputs),
        ):
            count = len(declared)
            if count in allowed:
                continue
            few = count < allowed.start
            bound = allowed.start if few else allowed.stop - 1
            word = "less than the minimum" if few else "more than the maximum"
            problems.error(
                "pipeline/artifact-count",
                f"'{action.name}' has {count} {direction} artifacts, and {_needs(allowed)}",
                action.span(f"{direction}Artifacts"),
                note=f"{ACTION}: Action {action.name} declares {count} {direction} artifacts "
                f"which is {word} count ({bound})",
            )


@rule("pipeline/v2-action")
def v2_action(spec: PipelineDeclaration, problems: Problems) -> None:
    """Some action types need ``pipelineType: V2``."""
    if spec.pipeline_type is PipelineType.V2:
        return
    for action, kind in _known(spec):
        if kind.v2_only:
            problems.error(
                "pipeline/v2-action",
                f"{action.type_id.provider} needs a V2 pipeline",
                action.span("actionTypeId", "provider"),
                hint="add pipelineType: V2",
                note=f"{ACTION}: {action.type_id.provider} Action can only be used with V2 "
                "pipelines.",
            )


@rule("pipeline/compute-only")
def compute_only(spec: PipelineDeclaration, problems: Problems) -> None:
    """``commands``, and ``files`` of an output, are for compute actions."""
    for action in actions_of(spec):
        if action.type_id.category == Category.COMPUTE:
            if not action.commands:
                problems.error(
                    "pipeline/compute-only",
                    f"'{action.name}' is a compute action, and has no commands",
                    action.span("commands"),
                    hint="add 'commands', beside 'configuration'",
                    note=f"{ACTION}: a compute action has commands",
                )
            continue
        if action.commands or any(output.files for output in action.outputs):
            where = "commands" if action.commands else "outputArtifacts"
            problems.error(
                "pipeline/compute-only",
                f"'{action.name}' is not a compute action, and cannot have "
                f"{'commands' if action.commands else 'files in an output artifact'}",
                action.span(where),
                note=f"{ACTION}: The following action cannot contain a commands field: "
                f"{action.name}. To use the commands field, use a compute action.",
            )
        if "outputVariables" in action.node.entries:
            problems.error(
                "pipeline/compute-only",
                f"'{action.name}' is not a compute action, and cannot have 'outputVariables'",
                action.node.entries["outputVariables"].key_span,
                hint="a build exports variables in 'exported-variables' of its buildspec"
                if action.type_id.provider == "CodeBuild"
                else None,
                note=f"{ACTION}: outputVariables is for compute actions",
            )


@rule("pipeline/action-environment")
def action_environment(spec: PipelineDeclaration, problems: Problems) -> None:
    """``environmentVariables`` beside the configuration is for Commands and EKS."""
    for action in actions_of(spec):
        entry = action.node.entries.get("environmentVariables")
        provider = action.type_id.provider
        if entry is None:
            continue
        if provider not in _ENVIRONMENTS:
            problems.error(
                "pipeline/action-environment",
                f"'{action.name}' cannot have 'environmentVariables': it is of {provider}",
                entry.key_span,
                hint="write EnvironmentVariables in its configuration, as JSON text"
                if provider == "CodeBuild"
                else None,
                note=f"{ACTION}: environmentVariables is for the Commands and EKS actions",
            )
        for variable in entry.value.items:
            kind = variable.entries.get("type")
            if provider == "EKS" and kind is not None and kind.value.text != "PLAINTEXT":
                problems.error(
                    "pipeline/action-environment",
                    f"EKS takes no variables of the type '{kind.value.text}'",
                    kind.value.span,
                    hint="only Commands does",
                    note=f"{ACTION}: SECRETS_MANAGER is for the Commands action",
                )


@rule("pipeline/approval-timeout")
def approval_timeout(spec: PipelineDeclaration, problems: Problems) -> None:
    """``timeoutInMinutes`` is for manual approvals; a build's is its project's."""
    for action in actions_of(spec):
        if action.timeout is not None and action.type_id.category != Category.APPROVAL:
            problems.error(
                "pipeline/approval-timeout",
                f"'{action.name}' is not a manual approval, and cannot have 'timeoutInMinutes'",
                action.span("timeoutInMinutes"),
                hint="a build's timeout is set on its project",
                note=f"{ACTION}: timeoutInMinutes is for the Manual approval action",
            )


def _known(spec: PipelineDeclaration) -> Iterator[tuple[ActionDeclaration, ActionType]]:
    for action in actions_of(spec):
        kind = find_action_type(action.type_id)
        if kind is not None:
            yield action, kind


def _needs(allowed: range) -> str:
    low, high = allowed.start, allowed.stop - 1
    if low == high:
        return f"takes {low}" if low else "takes none"
    return f"takes {low} to {high}"


def _shouted(name: str) -> str:
    """Spell the region as the service does in this one message: US_EAST_1."""
    return name.replace("-", "_").upper()
