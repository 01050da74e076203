"""A deployment's stream and the log of its requests → the story of its shift."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cicd.deploy.describe import describe
from cicd.deploy.history import read_plan, stream_of
from cicd.deploy.processes import process_of
from cicd.deploy.shift.machine_time import scale_of
from cicd.deploy.shift.process import ShiftProcess
from cicd.deploy.shift.requests import requests_of, versions_of
from cicd.deploy.shift_report.story import Mark, Story, WeightSet
from cicd.deploy.state import Status
from cicd.errors import UsageError
from cicd.event import EventKind
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.plan import DeploymentPlan
    from cicd.event import JSON, Event
    from cicd.ports import Services

_BEFORE = timedelta(seconds=10)
"""So much of what was before the first step is shown, and of what was after the last one."""


def story_of(deployment_id: str, services: Services) -> Story:
    """
    Tell the story of a shift, as far as it is.

    Raises:
        UsageError: There is no such deployment, or it has shifted nothing.

    """
    stream = stream_of(deployment_id)
    plan = read_plan(stream, services)
    if plan is None:
        raise UsageError(
            f"there is no deployment '{deployment_id}' (DeploymentDoesNotExistException)",
            hint="'cicd deploy list' shows those that there are",
        )
    if plan.shift is None:
        raise UsageError(
            f"{deployment_id} shifted no traffic",
            hint="a report is of a deployment to a service, or to a function",
        )
    return _Teller(plan, services).story([event for _, event in services.log.read(stream)])


class _Teller:
    """Goes through the events of one plan."""

    def __init__(self, plan: DeploymentPlan, services: Services) -> None:
        self._plan = plan
        self._services = services
        self._process = process_of(plan)

    def story(self, events: list[Event]) -> Story:
        assert isinstance(self._process, ShiftProcess)
        assert self._plan.shift is not None
        state = self._process.initial()
        told: list[tuple[datetime, str, bool]] = []
        for event in events:
            state = self._process.apply(state, event)
            said = describe(self._process, state, event)
            if said.text and said.level is not Level.DETAIL:
                stops = event.kind is EventKind.FINISHED and said.level is Level.WARNING
                bad = stops or said.level is Level.FAILURE
                told.append((event.at, said.text.split("\n")[0], bad))
        done = [
            (command.weight, entry)
            for command, entry in self._process.done_steps(state)
            if entry.status is Status.SUCCEEDED
        ]
        if not done:
            raise UsageError(
                f"{self._plan.deployment_id} has shifted nothing yet",
                hint="a report begins with the first step of its shift",
            )
        scale = scale_of(done[0][1])
        steps = tuple(WeightSet(at=scale_of(entry).there, weight=weight) for weight, entry in done)
        steps += self._back(state.rollback)
        now = self._services.clock.machine(self._services.clock.now())
        over = state.concluded_at
        ended = now if over is None else min(now, scale.machine(over))
        ended = max(ended, min(now, steps[-1].at + _BEFORE))
        # An earlier deployment sent the same target groups other versions' requests.
        began = max(steps[0].at - _BEFORE, scale.machine(events[0].at))
        old, new = versions_of(self._plan.shift)
        return Story(
            deployment_id=self._plan.deployment_id,
            title=f"{self._plan.application_name}/{self._plan.deployment_group_name}",
            config=self._plan.config.name,
            status=self._process.status(state),
            old=old,
            new=new,
            began=began,
            ended=ended,
            steps=steps,
            marks=tuple(Mark(at=scale.machine(at), text=text, bad=bad) for at, text, bad in told),
            answered=tuple(
                each
                for each in requests_of(self._plan.shift, self._services).answered(began)
                if each.group in (old, new) and each.at <= ended
            ),
        )

    def _back(self, rollback: Mapping[str, JSON] | None) -> tuple[WeightSet, ...]:
        """Say when a rollback gave the traffic back."""
        wish = None if rollback is None else rollback.get("rollbackDeploymentId")
        stream = stream_of(str(wish))
        plan = None if wish is None else read_plan(stream, self._services)
        if plan is None or plan.shift is None or not plan.shift.rollback:
            return ()
        process = ShiftProcess(plan)
        state = process.initial()
        for _, event in self._services.log.read(stream):
            state = process.apply(state, event)
        return tuple(
            WeightSet(at=scale_of(entry).there, weight=0)
            for _, entry in process.done_steps(state)
            if entry.status is Status.SUCCEEDED
        )
