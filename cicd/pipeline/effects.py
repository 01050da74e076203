"""The hands of an execution: stages are entered and left, actions are given to providers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.engine.codec import encode, encode_and_keep
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.redaction import Redactor
from cicd.errors import CicdError, Unavailable
from cicd.pipeline.actions import ACTIONS, name_of
from cicd.pipeline.actions.git_reference import misplaced
from cicd.pipeline.actions.package_fault import faults_told
from cicd.pipeline.actions.provider import ActionRequest, carry_out
from cicd.pipeline.actions.raw_object import not_a_zip
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.artifact_limits import beyond_made, beyond_taken
from cicd.pipeline.automatic_rollback import begin_rollback
from cicd.pipeline.commands import (
    BeginRollback,
    CheckCondition,
    EnterStage,
    ExpireApproval,
    LeaveStage,
    Resolved,
    RetryStage,
    RunAction,
    attempt_of,
    unnumbered,
)
from cicd.pipeline.dynamic_references import looked_up, masked
from cicd.pipeline.entrance import Entrance
from cicd.pipeline.fidelity import reason_against
from cicd.pipeline.gates.ask import ask
from cicd.pipeline.journal import say
from cicd.pipeline.process import ABANDONED
from cicd.pipeline.result import ActionResult, ActionStatus, FailureType, failed
from cicd.pipeline.timeouts import TIMED_OUT
from cicd.pipeline.unknown_value import refuse_unknown
from cicd.pipeline.variable_limits import refuse_long, within_limits
from cicd.pipeline.variables import Unresolved, resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.engine.process import Command, Scope
    from cicd.pipeline.plan import ActionPlan, PipelinePlan
    from cicd.pipeline.result import StoredArtifact
    from cicd.ports import Services

DONE = Outcome(status=OutcomeStatus.DONE)


class PipelineEffects:
    """Carries out the commands of one execution."""

    def __init__(self, plan: PipelinePlan, services: Services) -> None:
        """Take the plan and the ports."""
        self._plan = plan
        self._services = services
        self._actions = {action.key: action for action in plan.actions()}
        self._entrance = Entrance(plan, services)
        self._root = Path(plan.root)
        self._work = services.home / "work" / plan.execution_id

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Do it."""
        return self._do(command, scope, again=False)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Go on where a dead driver stopped: an arrival counts once, a child is taken up."""
        return self._do(command, scope, again=True)

    def close(self) -> None:
        """Let go of nothing: nothing is held between two commands."""

    def _do(self, command: Command, scope: Scope, *, again: bool) -> Outcome:
        match command:
            case EnterStage():
                return self._entrance.enter(
                    command, scope, lambda text: self._say(command.key, text)
                )
            case LeaveStage():
                self._entrance.leave(command.stage)
                return DONE
            case CheckCondition():
                return ask(command, self._plan, self._services, scope, again=again)
            case BeginRollback():
                found = begin_rollback(command, self._plan, self._services)
                return replace(DONE, detail={"rollback": encode(found)})
            case ExpireApproval() | RetryStage():
                return DONE
            case RunAction():
                return self._act(command, scope, again=again)
        raise TypeError(f"'{command.key}' is no command of a pipeline")

    # ── Actions ───────────────────────────────────────────────────────────────────────────────

    def _act(self, command: RunAction, scope: Scope, *, again: bool) -> Outcome:
        action = self._actions[unnumbered(command.key)]
        workspace = Path(f"{self._work}/{action.stage}/{action.name}")  # a resume finds it again
        configuration: dict[str, str] = {}
        hides = Redactor(())
        try:
            for key, value in action.configuration.items():
                configuration[key] = resolve(value, command.namespaces)
            refuse_unknown(configuration)
            refuse_long(configuration)
            # Looked up last, and not written down.
            given, hides = looked_up(configuration, self._services.secrets)
            result = within_limits(
                self._run(action, given, hides, command, scope, workspace, again=again)
            )
        except Unresolved as missing:
            result = failed(FailureType.CONFIGURATION_ERROR, f"{action.name}: {missing}")
        except CicdError as problem:
            unavailable = isinstance(problem, Unavailable)
            result = failed(
                FailureType.SYSTEM_UNAVAILABLE if unavailable else FailureType.CONFIGURATION_ERROR,
                problem.message,
                hint=problem.hint or "",
            )
        result = masked(result, hides)
        if scope.cancel.reason is not None and result.status is not ActionStatus.SUCCEEDED:
            if scope.cancel.reason in (ABANDONED, TIMED_OUT):  # else a resume may want it
                clear(workspace)
            return Outcome(status=OutcomeStatus.CANCELLED, reason=scope.cancel.reason)
        clear(workspace)
        if result.status is ActionStatus.SUCCEEDED:
            self._tell_of_limits(action, command.inputs, result.outputs)
        refused = result.status is ActionStatus.FAILED
        return Outcome(
            status=OutcomeStatus.FAILED if refused else OutcomeStatus.DONE,
            detail={
                "result": encode_and_keep(result),
                "resolved": encode_and_keep(Resolved(configuration=configuration)),
            },
        )

    def _tell_of_limits(
        self, action: ActionPlan, taken: Iterable[StoredArtifact], made: Iterable[StoredArtifact]
    ) -> None:
        """Say where an artifact is larger than AWS would take; here it is taken all the same."""
        for artifacts, beyond in ((taken, beyond_taken), (made, beyond_made)):
            for each in artifacts:
                found = self._services.artifacts.find(each.digest)
                for told in beyond(each.name, action.type_id, found) if found else ():
                    self._say(action.key, told)

    def _run(
        self,
        action: ActionPlan,
        configuration: Mapping[str, str],
        hides: Redactor,
        command: RunAction,
        scope: Scope,
        workspace: Path,
        *,
        again: bool,
    ) -> ActionResult:
        name = name_of(action.type_id, self._root)
        refusal = reason_against(name)
        if refusal is not None:
            return failed(
                FailureType.LOCAL_UNSUPPORTED,
                f"{name} is not carried out here: {refusal}",
                where=action.where,
            )
        here = {artifact.name for artifact in command.inputs}
        for needed in action.inputs:
            if needed not in here:
                return failed(
                    FailureType.CONFIGURATION_ERROR,
                    f"the input artifact '{needed}' was declared, but nothing put files into it",
                    hint="the buildspec that should make it has no artifacts section for it",
                    where=action.where,
                )
        reference = misplaced(action, command.inputs)
        if reference is not None:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the input artifact '{reference.name}' is a reference to a git repository "
                "(CODEBUILD_CLONE_REF), which only CodeBuild can take",
                hint=f"let '{reference.action}' hand on CODE_ZIP, or put a build between the two",
                where=action.where,
            )
        raw = not_a_zip(action, command.inputs)
        if raw is not None:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"the input artifact '{raw.name}' is the object '{raw.object_name}', which is "
                f"no zip, so {action.type_id.provider} cannot open it",
                hint=f"put a zip where '{raw.action}' looks for it",
                where=action.where,
            )
        request = ActionRequest(
            plan=self._plan,
            action=replace(
                action, action_execution_id=action.execution_id(attempt_of(command.key))
            ),
            configuration=MappingProxyType(dict(configuration)),
            inputs=command.inputs,
            workspace=workspace,
            parent=f"{scope.stream}/{command.key}",
            say=lambda text: self._say(action.key, hides.redact(text)),
            resolve=lambda text: resolve(text, command.namespaces),
        )
        return faults_told(
            name,
            lambda: carry_out(ACTIONS.get(name), request, self._services, scope, again=again),
        )

    def _say(self, origin: str, text: str) -> None:
        say(self._services, f"pipeline/{self._plan.execution_id}", text, origin=origin)
