"""Which commands are control calls, and what the audit keeps of each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cicd.event import JSON
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.errors import CicdError
    from cicd.event import Event
    from cicd.observe.call import Call
    from cicd.ports import Described, LogBlock, LogLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A call of a service, and which of a command's words are its parameters."""

    service: str
    name: str
    kept: Mapping[str, str]  # a command's parameter → the call's
    hidden: Mapping[str, str]  # NAME=VALUE: of these only the names are kept
    fixed: Mapping[str, JSON]  # what the command itself says

    @property
    def begins(self) -> bool:
        """Tell whether it makes an execution: without one, nothing was asked for."""
        return self.name in _BEGIN


_BEGIN = (
    "StartBuild",
    "StartPipelineExecution",
    "CreateDeployment",
    "RetryBuild",
    "RollbackStage",
)


def _call(
    service: str,
    name: str,
    hidden: str = "",
    fixed: Mapping[str, JSON] | None = None,
    /,
    **kept: str,
) -> Control:
    pairs = [each.split("=") for each in hidden.split()]
    return Control(
        service=service,
        name=name,
        kept=kept,
        hidden=dict(pairs),
        fixed=fixed or {},
    )


_EXECUTION = "pipelineExecutionId"
_VALUE = {"name": "name"}
CONTROLS: Mapping[str, Control] = {
    "build": _call(
        "codebuild",
        "StartBuild",
        "env=environmentVariablesOverride",
        project="projectName",
        buildspec="buildspecOverride",
        image="imageOverride",
    ),
    "builds stop": _call("codebuild", "StopBuild", build_id="id"),
    "builds retry": _call("codebuild", "RetryBuild", build_id="id"),
    "batches stop": _call("codebuild", "StopBuildBatch", batch_id="id"),
    "batches retry": _call("codebuild", "RetryBuildBatch", batch_id="id"),
    "pipeline run": _call(
        "codepipeline",
        "StartPipelineExecution",
        "variables=variables parameters=parameters",
        definition="name",
        revisions="sourceRevisions",
    ),
    "pipeline stop": _call(
        "codepipeline",
        "StopPipelineExecution",
        execution=_EXECUTION,
        abandon="abandon",
        reason="reason",
    ),
    "pipeline approve": _call(
        "codepipeline",
        "PutApprovalResult",
        "",
        {"result": {"status": "Approved"}},
        execution=_EXECUTION,
        action="actionName",
        summary="summary",
    ),
    "pipeline reject": _call(
        "codepipeline",
        "PutApprovalResult",
        "",
        {"result": {"status": "Rejected"}},
        execution=_EXECUTION,
        action="actionName",
        summary="summary",
    ),
    "pipeline retry-stage": _call(
        "codepipeline",
        "RetryStageExecution",
        stage="stageName",
        execution=_EXECUTION,
        mode="retryMode",
    ),
    "pipeline rollback-stage": _call(
        "codepipeline", "RollbackStage", stage="stageName", target="targetPipelineExecutionId"
    ),
    "pipeline override-condition": _call(
        "codepipeline",
        "OverrideStageCondition",
        stage="stageName",
        execution=_EXECUTION,
        kind="conditionType",
    ),
    "pipeline disable-transition": _call(
        "codepipeline",
        "DisableStageTransition",
        stage="stageName",
        definition="pipelineName",
        reason="reason",
    ),
    "pipeline enable-transition": _call(
        "codepipeline", "EnableStageTransition", stage="stageName", definition="pipelineName"
    ),
    "deploy run": _call(
        "codedeploy",
        "CreateDeployment",
        revision="revision",
        group_name="deploymentGroupName",
        strategy="deploymentConfigName",
        description="description",
    ),
    "deploy stop": _call("codedeploy", "StopDeployment", deployment_id="deploymentId"),
    "deploy rollback": _call("codedeploy", "CreateDeployment", deployment_id="rollbackOf"),
    "deploy continue": _call(
        "codedeploy", "ContinueDeployment", deployment_id="deploymentId", wait="deploymentWaitType"
    ),
    "secret put": _call("secretsmanager", "PutSecretValue", name="secretId"),
    "secret rm": _call("secretsmanager", "DeleteSecret", name="secretId"),
    "parameter put": _call("ssm", "PutParameter", **_VALUE),
    "parameter rm": _call("ssm", "DeleteParameter", **_VALUE),
    "alarm set-state": _call(
        "monitoring", "SetAlarmState", name="alarmName", state="stateValue", reason="stateReason"
    ),
}
"""By the words of a command, without ``cicd``. Looking is no control call."""


class Audited:
    """
    One control call of this invocation: written when it is accepted, or else refused.

    Accepted: it begins or changes an execution, which is the first event that is told; or it
    ends without a complaint. So a run that is killed has its record.
    """

    def __init__(
        self,
        control: Control,
        words: Mapping[str, object],
        write: Callable[[Call], None],
    ) -> None:
        """Take what was asked for; ``write`` adds a record."""
        self._control, self._write = control, write
        self._request = _request(control, words)
        self._lock = threading.Lock()
        self._written = False

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``: something has begun."""
        del event, said
        kind, _, identity = stream.partition("/")
        name = {
            "pipeline": _EXECUTION,
            "deployment": "deploymentId",
            "build": "id",
            "build-batch": "id",
        }
        self.accepted({name.get(kind, "id"): identity})

    def line(self, stream: str, line: LogLine) -> None:
        """Lines of output are no calls."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Lines of output are no calls."""

    def accepted(self, response: Mapping[str, JSON] | None = None) -> None:
        """Write that it was done, once."""
        with self._lock:
            if self._written:
                return
            self._written = True
            self._write(self._call(response=response))

    def ended(self) -> None:
        """Write that it was done, unless it was to begin something and did not."""
        if not self._control.begins:
            self.accepted()

    def refused(self, problem: CicdError) -> None:
        """Write that it was not done, unless it had begun."""
        with self._lock:
            if self._written:
                return
            self._written = True
            self._write(self._call(error=type(problem).__name__, message=problem.message))

    def _call(
        self,
        *,
        response: Mapping[str, JSON] | None = None,
        error: str = "",
        message: str = "",
    ) -> Call:
        from datetime import UTC, datetime

        from cicd import __version__
        from cicd.cli.user_name import user_name
        from cicd.observe.call import Call

        return Call(
            at=datetime.now(UTC),
            service=self._control.service,
            name=self._control.name,
            user=user_name(),
            request=self._request,
            response=response,
            error=error,
            message=message,
            agent=f"cicd/{__version__}",
        )


def control_of(command_path: str, words: Mapping[str, object]) -> Control | None:
    """Find the control call that a command is, by its path and its parameters."""
    if words.get("plan") is True:
        return None
    return CONTROLS.get(command_path.partition(" ")[2])


def _request(control: Control, words: Mapping[str, object]) -> dict[str, JSON]:
    from cicd.observe.call import HIDDEN

    found: dict[str, JSON] = dict(control.fixed)
    for ours, theirs in control.kept.items():
        value = words.get(ours)
        if value is None or value in ("", ()):
            continue
        if isinstance(value, bool | int | float):
            found[theirs] = value
        elif isinstance(value, tuple | list):
            found[theirs] = [str(each) for each in value]
        else:
            found[theirs] = str(value)
    for ours, theirs in control.hidden.items():
        value = words.get(ours)
        if isinstance(value, tuple) and value:
            found[theirs] = [
                {"name": str(each).partition("=")[0], "value": HIDDEN} for each in value
            ]
    return found
