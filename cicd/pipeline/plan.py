"""What one execution of a pipeline will do: complete, serialisable, its first event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from cicd.account import ACCOUNT
from cicd.engine.codec import decode
from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.commands import RetryMode
from cicd.pipeline.condition import ConditionPlan
from cicd.pipeline.local_builds import LocalBuilds
from cicd.pipeline.result import StoredArtifact
from cicd.pipeline.spec import EnvironmentVariable, ExecutionMode, PipelineType
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.event import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPlan:
    """One action. ``inputs`` and ``outputs`` are artifact names."""

    action_execution_id: str  # of its first attempt
    stage: str
    name: str
    type_id: ActionTypeId
    run_order: int
    configuration: Mapping[str, str] = field(default_factory=dict)  # as written, "#{…}" and all
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    region: str | None = None
    role_arn: str | None = None
    namespace: str | None = None
    timeout: timedelta | None = None  # of a manual approval
    where: str  # "pipeline.json:14:9"
    commands: tuple[str, ...] = ()  # of a compute action, as written
    command_places: tuple[str, ...] = ()  # where each stands: "pipeline.json:20:22"
    output_variables: tuple[str, ...] = ()
    environment: tuple[EnvironmentVariable, ...] = ()  # as written
    files: tuple[str, ...] = ()  # of a compute action's output
    simulate: bool = False  # what cannot be done here may be simulated, and is called so

    def texts(self) -> Iterator[str]:
        """Give every text of it in which references are replaced."""
        yield from self.configuration.values()
        yield from self.commands
        yield from (variable.value for variable in self.environment)

    @property
    def key(self) -> str:
        """Name it in its execution: action names are unique inside their stage only."""
        return f"{self.stage}/{self.name}"

    def execution_id(self, attempt: int) -> str:
        """Give each attempt, counted from 1, an id of its own, always the same one."""
        if attempt == 1:
            return self.action_execution_id
        return str(uuid5(UUID(self.action_execution_id), str(attempt)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePlan:
    """One stage; its actions by ascending ``runOrder``, a tuple for each distinct one."""

    name: str
    groups: tuple[tuple[ActionPlan, ...], ...]
    where: str
    conditions: tuple[ConditionPlan, ...] = ()
    retry: RetryMode | None = None  # what a failure runs again, once, by itself
    rolls_back: bool = False  # a failure goes back to an earlier execution, by itself

    def actions(self) -> Iterator[ActionPlan]:
        """Give its actions in the order in which they may start."""
        for group in self.groups:
            yield from group


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelinePlan:
    """One execution. It holds no secrets: a source's token is never needed here."""

    execution_id: str
    name: str
    version: int = 1
    pipeline_type: PipelineType = PipelineType.V1
    execution_mode: ExecutionMode = ExecutionMode.SUPERSEDED
    region: str = "us-east-1"
    bucket: str = ""  # the artifact store's location, for AWS's shapes
    buckets: Mapping[str, str] = field(default_factory=dict)  # by Region, where there are several
    stages: tuple[StagePlan, ...]
    disabled: Mapping[str, str] = field(default_factory=dict)  # stage → why, when it was made
    variables: Mapping[str, str] = field(default_factory=dict)  # as resolved
    revisions: Mapping[str, str] = field(default_factory=dict)  # source action → version
    root: str  # where ``cicd.yml`` and, with a single source, the repository are
    template: str = ""  # the CloudFormation template that it was read from
    parameters: Mapping[str, str] = field(default_factory=dict)  # the template's; never NoEcho
    working_tree: bool = False  # sources give uncommitted changes, too
    approve: bool = False  # manual approvals are answered at once
    builds: LocalBuilds = field(default_factory=LocalBuilds)
    triggered_by: str = ""
    trigger_type: str = "StartPipelineExecution"
    rolls_back_to: str = ""  # the execution whose artifacts and variables one stage takes again
    artifacts: tuple[StoredArtifact, ...] = ()  # what there is before the first action
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def execution_type(self) -> str:
        """Give AWS's word: "STANDARD", or "ROLLBACK"."""
        return "ROLLBACK" if self.rolls_back_to else "STANDARD"

    @property
    def arn(self) -> str:
        """Give the pipeline's ARN."""
        return f"arn:aws:codepipeline:{self.region}:{ACCOUNT}:{self.name}"

    def bucket_in(self, region: str | None) -> str:
        """Name the artifact store of a Region; ``None``: the pipeline's own."""
        return self.buckets.get(region or self.region, self.bucket)

    def stage(self, name: str) -> StagePlan:
        """Find a stage; raises ``KeyError`` when there is none of that name."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)

    def action(self, key: str) -> ActionPlan:
        """Find an action by its key; raises ``KeyError`` when there is none."""
        stage, _, name = key.partition("/")
        for action in self.stage(stage).actions():
            if action.name == name:
                return action
        raise KeyError(key)

    def actions(self) -> Iterator[ActionPlan]:
        """Give all actions, stage by stage."""
        for stage in self.stages:
            yield from stage.actions()


def read_plan(written: JSON) -> PipelinePlan:
    """Read a plan out of its event; once the parts of ``builds`` stood in the plan itself."""
    if isinstance(written, dict) and "builds" not in written:
        names = [each.name for each in fields(LocalBuilds) if each.name in written]
        others = {key: value for key, value in written.items() if key not in names}
        written = {**others, "builds": {name: written[name] for name in names}}
    return decode(PipelinePlan, written)
