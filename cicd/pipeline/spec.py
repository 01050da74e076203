"""A pipeline's declaration as it is written: `get-pipeline`'s structure, in frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.node import Node, NodeKind
from cicd.document.position import Span
from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.condition import ConditionPlan, read_conditions, rolls_back
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.problem import Problems

RUN_ORDER = 1  # of an action that does not say


class ExecutionMode(StrEnum):
    """What happens when one execution meets another."""

    QUEUED = "QUEUED"
    SUPERSEDED = "SUPERSEDED"
    PARALLEL = "PARALLEL"


class PipelineType(StrEnum):
    """Which features a pipeline may use. Absent means V1 at the API and in CloudFormation."""

    V1 = "V1"
    V2 = "V2"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactName:
    """An artifact's name where an action takes or makes it."""

    name: str
    files: tuple[str, ...] = ()  # which it holds: for compute actions only
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVariable:
    """A variable of a compute action's own environment."""

    name: str
    value: str
    type: str = "PLAINTEXT"  # or SECRETS_MANAGER: the value is then a secret's reference


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionDeclaration:
    """One action of a stage."""

    name: str
    type_id: ActionTypeId
    run_order: int = RUN_ORDER
    configuration: Mapping[str, str]
    inputs: tuple[ArtifactName, ...] = ()
    outputs: tuple[ArtifactName, ...] = ()
    region: str | None = None
    role_arn: str | None = None
    namespace: str | None = None
    timeout: timedelta | None = None  # of a manual approval: 5 to 86400 minutes
    commands: tuple[str, ...] = ()
    command_places: tuple[str, ...] = ()  # where each stands: "pipeline.yml:14:9"
    output_variables: tuple[str, ...] = ()
    environment: tuple[EnvironmentVariable, ...] = ()
    simulate: bool = False  # ``local: {simulate: true}``
    node: Node

    def span(self, *path: str) -> Span:
        """Say where a field stands: its value, or the name of the action when it is absent."""
        return place(self.node, *path)


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDeclaration:
    """One stage, with its actions in the order written, which means nothing."""

    name: str
    actions: tuple[ActionDeclaration, ...] = ()
    conditions: tuple[ConditionPlan, ...] = ()  # those that are carried out here
    retry: RetryMode | None = None  # ``onFailure`` with the result RETRY, and no conditions
    rolls_back: bool = False  # the same with ROLLBACK
    node: Node

    def span(self, *path: str) -> Span:
        """Say where a field stands: its value, or the name of the stage when it is absent."""
        return place(self.node, *path)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableDeclaration:
    """A pipeline variable; no default: a value is required at the start."""

    name: str
    default: str | None = None
    node: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineDeclaration:
    """A whole pipeline."""

    name: str
    pipeline_type: PipelineType = PipelineType.V1
    execution_mode: ExecutionMode = ExecutionMode.SUPERSEDED
    version: int = 1
    stages: tuple[StageDeclaration, ...] = ()
    variables: tuple[VariableDeclaration, ...] = ()
    disabled: Mapping[str, str] = field(default_factory=dict)  # stage → why nobody is let in yet
    node: Node

    def actions(self) -> tuple[ActionDeclaration, ...]:
        """Give all actions, stage by stage."""
        return tuple(action for stage in self.stages for action in stage.actions)

    def span(self, *path: str) -> Span:
        """Say where a field stands: its value, or the declaration's start when it is absent."""
        return place(self.node, *path)


def place(node: Node, *path: str) -> Span:
    """Find the most telling span for a field: its value, its mapping's "name", the mapping."""
    for key in path:
        entry = node.entries.get(key)
        if entry is None:
            break
        node = entry.value
    else:
        if path:
            return node.span
    named = node.entries.get("name")
    return named.value.span if named is not None else node.span


def read_declaration(node: Node, problems: Problems) -> PipelineDeclaration:
    """
    Read what is there, noting unknown keys and wrong shapes; what is not there gets defaults.

    Limits and patterns are the schema's; what holds between fields is the rules'.
    ``version`` is the server's own and ignored on input, but kept for showing.
    """
    fields = _fields(node, problems, "a pipeline")
    declaration = PipelineDeclaration(
        name=fields.text("name", default=""),
        pipeline_type=PipelineType(
            fields.choice("pipelineType", tuple(PipelineType), default=PipelineType.V1)
        ),
        execution_mode=ExecutionMode(
            fields.choice("executionMode", tuple(ExecutionMode), default=ExecutionMode.SUPERSEDED)
        ),
        version=fields.integer("version", default=1) or 1,
        stages=tuple(_stage(stage, problems) for stage in fields.sequence("stages")),
        variables=tuple(
            _variable(variable, problems) for variable in fields.sequence("variables")
        ),
        node=node,
    )
    for known in ("roleArn", "artifactStore", "artifactStores", "triggers"):
        fields.node(known)
    fields.unknown()
    return declaration


def _fields(node: Node, problems: Problems, what: str) -> Fields:
    return Fields(node, problems, room="pipeline", what=what)


def _stage(node: Node, problems: Problems) -> StageDeclaration:
    fields = _fields(node, problems, "a stage")
    stage = StageDeclaration(
        name=fields.text("name", default=""),
        actions=tuple(_action(action, problems) for action in fields.sequence("actions")),
        conditions=tuple(read_conditions(node)),
        retry=_retry(node),
        rolls_back=rolls_back(node),
        node=node,
    )
    for known in ("blockers", "beforeEntry", "onSuccess", "onFailure"):
        fields.node(known)
    fields.unknown()
    return stage


def _retry(stage: Node) -> RetryMode | None:
    """Take the automatic retry; its mode, if it is not given, is FAILED_ACTIONS."""
    entry = stage.entries.get("onFailure")
    fields = entry.value.entries if entry is not None else {}
    if "conditions" in fields or "result" not in fields or fields["result"].value.text != "RETRY":
        return None
    configuration = fields.get("retryConfiguration")
    mode = configuration.value.entries.get("retryMode") if configuration is not None else None
    known = mode is not None and mode.value.text in set(RetryMode)
    return RetryMode(mode.value.text) if mode is not None and known else RetryMode.FAILED_ACTIONS


def _action(node: Node, problems: Problems) -> ActionDeclaration:
    fields = _fields(node, problems, "an action")
    minutes = fields.integer("timeoutInMinutes", default=None)
    commands = fields.texts("commands")
    action = ActionDeclaration(
        name=fields.text("name", default=""),
        type_id=_type_id(fields.node("actionTypeId"), problems),
        run_order=fields.integer("runOrder", default=RUN_ORDER) or RUN_ORDER,
        configuration=_configuration(fields.node("configuration")),
        inputs=tuple(_artifact(item, problems) for item in fields.sequence("inputArtifacts")),
        outputs=tuple(_artifact(item, problems) for item in fields.sequence("outputArtifacts")),
        region=fields.text("region", default="") or None,
        role_arn=fields.text("roleArn", default="") or None,
        namespace=fields.text("namespace", default="") or None,
        timeout=timedelta(minutes=minutes) if minutes is not None else None,
        commands=tuple(command.text for command in commands),
        command_places=tuple(str(command.span) for command in commands),
        output_variables=tuple(name.text for name in fields.texts("outputVariables")),
        environment=tuple(_environment(fields)),
        simulate=_simulates(fields.node("local"), problems),
        node=node,
    )
    fields.unknown()
    return action


def _environment(fields: Fields) -> Iterator[EnvironmentVariable]:
    for node in fields.sequence("environmentVariables"):
        inner = fields.inner(node, what="an environment variable")
        yield EnvironmentVariable(
            name=inner.text("name", default=""),
            value=inner.text("value", default=""),
            type=inner.text("type", default="PLAINTEXT"),
        )
        inner.unknown()


def _simulates(node: Node | None, problems: Problems) -> bool:
    if node is None:
        return False
    fields = _fields(node, problems, "'local' of an action")
    simulate = fields.flag("simulate", default=False)
    fields.unknown()
    return simulate


def _type_id(node: Node | None, problems: Problems) -> ActionTypeId:
    if node is None:
        return ActionTypeId(category="", owner="", provider="", version="")
    fields = _fields(node, problems, "actionTypeId")
    type_id = ActionTypeId(
        category=fields.text("category", default=""),
        owner=fields.text("owner", default=""),
        provider=fields.text("provider", default=""),
        version=fields.text("version", default=""),
    )
    fields.unknown()
    return type_id


def _artifact(node: Node, problems: Problems) -> ArtifactName:
    fields = _fields(node, problems, "an artifact")
    artifact = ArtifactName(
        name=fields.text("name", default=""),
        files=tuple(file.text for file in fields.texts("files")),
        span=place(node, "name"),
    )
    fields.unknown()
    return artifact


def _variable(node: Node, problems: Problems) -> VariableDeclaration:
    fields = _fields(node, problems, "a variable")
    default = fields.node("defaultValue")
    variable = VariableDeclaration(
        name=fields.text("name", default=""),
        default=default.text if default is not None else None,
        node=node,
    )
    fields.node("description")
    fields.unknown()
    return variable


def _configuration(node: Node | None) -> Mapping[str, str]:
    """
    Take every scalar as text: the API has only strings here.

    Real templates write booleans and numbers, which become the strings AWS makes of them.
    """
    if node is None or node.kind is not NodeKind.MAPPING:
        return MappingProxyType({})
    return MappingProxyType(
        {
            entry.key: entry.value.text
            for entry in node.entries.values()
            if entry.value.kind is NodeKind.SCALAR
        }
    )
