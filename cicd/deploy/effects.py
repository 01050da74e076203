"""The hands of a deployment: carry out one lifecycle event on one instance, as the agent does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.agent.agent import RESTARTED, Agent
from cicd.deploy.agent.download import Download
from cicd.deploy.alarms.carry_out import watch_alarms
from cicd.deploy.fleet.trouble import Trouble
from cicd.deploy.history import read_plan, stream_of
from cicd.deploy.plan import DeploymentPlan, RunLifecycleEvent, TerminateInstance, WatchAlarms
from cicd.engine.process import Outcome, OutcomeStatus

if TYPE_CHECKING:
    from cicd.engine.process import Command, Scope
    from cicd.ports import Services


class DeploymentEffects:
    """Performs the lifecycle events of one plan."""

    def __init__(self, plan: DeploymentPlan, services: Services, *, rerun: bool = True) -> None:
        """With ``rerun`` False an event whose driver died is not run again: it is lost."""
        self._plan = plan
        self._services = services
        self._rerun = rerun
        self._specs = {spec.id: spec for spec in plan.instances}
        self._targets = {spec.id: services.target(spec) for spec in plan.instances}
        self._download = Download(
            plan.revision,
            services.artifacts,
            len(plan.targets),
            had_it=self._had_it if plan.restart else None,
        )

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Carry out one lifecycle event; what the agent would report is in the outcome."""
        if isinstance(command, TerminateInstance):
            spec = self._specs[command.target]
            if spec.fleet:
                from cicd.deploy.fleet.copies import retire

                retire(spec, self._services)
            else:
                self._targets[command.target].terminate()
            return Outcome(status=OutcomeStatus.DONE)
        if isinstance(command, WatchAlarms):
            return watch_alarms(self._plan, command, scope, self._services)
        if not isinstance(command, RunLifecycleEvent):
            raise TypeError(f"{command} is not a command of a deployment")
        return Agent(
            self._plan,
            self._services,
            self._targets[command.target],
            command.event,
            scope,
            download=self._download,
            trouble=Trouble(self._specs[command.target], self._services, scope.cancel),
        ).perform()

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Run the event again: hooks are to be repeatable, and Install undoes itself first."""
        if self._rerun:
            return self.perform(command, scope)
        return Outcome(
            status=OutcomeStatus.LOST,
            detail=RESTARTED,
        )

    def _had_it(self, deployment_id: str) -> bool:
        """Tell whether an earlier deployment was of the same revision."""
        earlier = read_plan(stream_of(deployment_id), self._services)
        return earlier is not None and earlier.revision.digest == self._plan.revision.digest

    def close(self) -> None:
        """Nothing is held between events."""
