"""How the targets of a deployment stand, and which lifecycle event each comes to next. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.deploy.plan import RunLifecycleEvent, TerminateInstance
from cicd.deploy.state import Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from cicd.deploy.plan import DeploymentPlan
    from cicd.deploy.state import DeploymentState
    from cicd.engine.process import Command


class Standings:
    """The lifecycle events of every target of one plan, which begin one after the other."""

    def __init__(self, plan: DeploymentPlan) -> None:
        """Name them, once: at each decision it would be most of it, with a thousand targets."""
        self._plan = plan
        self._commands = {
            target.id: {
                command.key: command
                for command in (
                    RunLifecycleEvent(target=target.id, event=event)
                    for event in plan.events_of(target.id)
                )
            }
            for target in plan.instances
        }
        self._first = {
            target: next(iter(commands.values()))
            for target, commands in self._commands.items()
            if commands
        }

    def of(self, state: DeploymentState, target: str) -> Status:
        """Give how a target stands, while the deployment lasts."""
        return state.targets.get(target, Status.PENDING)

    def noted(self, state: DeploymentState, key: str) -> DeploymentState:
        """Note how a target stands now; asking all of them at each decision would take long."""
        target = key.rpartition("/")[0]
        if not target:
            return state
        standing = self._standing(state, target)
        if standing is state.targets.get(target):
            return state
        return replace(state, targets=MappingProxyType({**state.targets, target: standing}))

    def first(self, targets: Iterable[str]) -> list[RunLifecycleEvent]:
        """Give the events that targets begin with; half of a thousand may ask at each decision."""
        return [self._first[target] for target in targets if target in self._first]

    def next(self, state: DeploymentState, target: str) -> RunLifecycleEvent | None:
        """Give the event that a target comes to next; None: one runs, or there is none left."""
        begun = state.begun.of(target)
        for key, command in self._commands[target].items():
            began = begun.get(key)
            if began is None:
                return command
            if began.outcome is None:
                return None
        return None

    def end(self, state: DeploymentState, target: str) -> datetime:
        """Say when the last event of a target ended."""
        return max(
            entry.finished_at
            for key in self._commands[target]
            if (entry := state.begun.get(key)) and entry.finished_at
        )

    def command(self, key: str) -> Command:
        """Give the command of a key."""
        target = key.rpartition("/")[0]
        return self._commands[target].get(key) or TerminateInstance(target=target)

    def _standing(self, state: DeploymentState, target: str) -> Status:
        status = Status.PENDING
        begun = state.begun.of(target)
        for key, command in self._commands[target].items():
            began = begun.get(key)
            if began is None:
                return status
            status = Status.IN_PROGRESS
            if began.outcome is None:
                return status
            if began.has_failed and not self._plan.ignores(command.event):
                return Status.FAILED
        return Status.SUCCEEDED
