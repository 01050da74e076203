"""A small kind of execution: steps that need each other, a pause, and a cleanup at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cicd.engine.codec import decode, encode
from cicd.engine.process import Cancel, Decision, Outcome, OutcomeStatus, Scope
from cicd.event import JSON, Event, EventKind
from cicd.testing.clock import START, VirtualClock

DONE = Outcome(status=OutcomeStatus.DONE)
CLEANUP = "cleanup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timeout: timedelta | None = None
    pause: timedelta | None = None  # between the last step and the cleanup


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    plan: Plan = field(default_factory=Plan)
    started: Mapping[str, datetime] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    stop: str | None = None
    last_at: datetime | None = None
    signals: tuple[str, ...] = ()

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(key for key in self.started if key not in self.outcomes)

    @property
    def failed(self) -> bool:
        return any(o.status is not OutcomeStatus.DONE for o in self.outcomes.values())


class ToyProcess:
    def initial(self) -> State:
        return State()

    def apply(self, state: State, event: Event) -> State:
        state = replace(state, last_at=event.at)
        match event.kind:
            case EventKind.SUBMITTED:
                return replace(state, plan=decode(Plan, event.data["plan"]))
            case EventKind.STARTED:
                step = decode(Step, event.data["command"])
                return replace(state, started={**state.started, step.key: event.at})
            case EventKind.FINISHED:
                outcome = decode(Outcome, event.data["outcome"])
                return replace(state, outcomes={**state.outcomes, event.key: outcome})
            case EventKind.SIGNALLED if event.data["signal"] == "stop":
                return replace(state, stop=str(event.data["reason"]))
            case EventKind.SIGNALLED:
                return replace(state, signals=(*state.signals, str(event.data["signal"])))
        return state

    def decide(self, state: State, now: datetime) -> Decision:
        if CLEANUP in state.started:
            status = "STOPPED" if state.stop else "FAILED" if state.failed else "SUCCEEDED"
            return Decision(conclude=status)
        if state.stop:
            wishes = tuple(Cancel(key=key, reason=state.stop) for key in state.running)
            return Decision(cancel=wishes, start=() if wishes else (Step(key=CLEANUP),))
        ready = () if state.failed else self._ready(state)
        if not state.running and not ready:
            due = self._due(state)
            if due is not None and now < due:
                return Decision(wake_at=due)
            return Decision(start=(Step(key=CLEANUP),))
        return Decision(
            start=ready, cancel=self._late(state, now), wake_at=self._alarm(state, now)
        )

    def in_flight(self, state: State) -> tuple[Step, ...]:
        return tuple(Step(key=key) for key in state.running)

    def _ready(self, state):
        done = {key for key, o in state.outcomes.items() if o.status is OutcomeStatus.DONE}
        return tuple(
            Step(key=key)
            for key, needs in state.plan.needs.items()
            if key not in state.started and done.issuperset(needs)
        )

    def _due(self, state):
        if state.failed or state.plan.pause is None or not state.outcomes:
            return None
        return max(state.last_at, START) + state.plan.pause

    def _late(self, state, now):
        if state.plan.timeout is None:
            return ()
        return tuple(
            Cancel(key=key, reason="TIMED_OUT")
            for key in state.running
            if state.started[key] + state.plan.timeout <= now
        )

    def _alarm(self, state, now):
        if state.plan.timeout is None:
            return None
        moments = [state.started[key] + state.plan.timeout for key in state.running]
        return min((moment for moment in moments if moment > now), default=None)


class ToyEffects:
    """Each step takes ``takes[key]`` of virtual time, then does ``does[key]``."""

    def __init__(
        self,
        clock: VirtualClock,
        takes: Mapping[str, timedelta] | None = None,
        does: Mapping[str, Callable[[Scope], Outcome]] | None = None,
    ) -> None:
        self.clock = clock
        self.takes = takes or {}
        self.does = does or {}
        self.performed: list[str] = []
        self.recovered: list[str] = []
        self.closed = 0
        self.at_once = 0
        self.most_at_once = 0

    def perform(self, command: Step, scope: Scope) -> Outcome:
        self.performed.append(command.key)
        return self._work(command, scope)

    def recover(self, command: Step, scope: Scope) -> Outcome:
        self.recovered.append(command.key)
        return self._work(command, scope)

    def close(self) -> None:
        self.closed += 1
        self.closed_at = self.clock.now()

    def _work(self, command: Step, scope: Scope) -> Outcome:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        takes = self.takes.get(command.key, timedelta(minutes=1))
        reason = self.clock.sleep(takes, scope.cancel)
        self.at_once -= 1
        if reason is not None:
            return Outcome(status=OutcomeStatus.CANCELLED, reason=reason)
        return self.does.get(command.key, lambda _: DONE)(scope)


def submitted(plan: Plan, at: datetime = START) -> Event:
    data: dict[str, JSON] = {"plan": encode(plan)}
    return Event(kind=EventKind.SUBMITTED, at=at, data=data)
