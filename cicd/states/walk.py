"""
A machine is walked from its start as far as what is known leads: the heart of an execution. Pure.

It is walked anew each time something has come to be known. What a task answered is looked up by
its key, and every moment follows from the log: so the same log always leads to the same place.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from cicd.event import JSON
from cicd.record import dataclass
from cicd.states.branches import side_by_side
from cicd.states.calls import call
from cicd.states.choices import holds
from cicd.states.ending import Done, Ending, Failed, Waiting, World
from cicd.states.failure import StateFailure, matches
from cicd.states.machine import (
    Choice,
    ErrorName,
    Fail,
    Map,
    Parallel,
    Pass,
    State,
    Succeed,
    Task,
    Wait,
)
from cicd.states.moments import over, pause, written
from cicd.states.paths import list_at, put, read
from cicd.states.templates import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.states.machine import Machine

_MOST_STATES: Final = 25_000
"""What an execution may enter. Source: Step Functions Developer Guide, "Quotas" (of events)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    at: datetime
    output: JSON
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entered:
    """A state that has been entered: with what, when, and under which name of its own."""

    state: State
    data: JSON
    at: datetime
    key: str
    item: JSON  # ``$$.Map.Item`` around it


class Walk:
    """One walk through a machine and all that is inside it."""

    def __init__(self, world: World) -> None:
        """Know what there is to know."""
        self._world = world
        self._entered = 0

    def through(
        self, machine: Machine, data: JSON, at: datetime, *, prefix: str = "", item: JSON = None
    ) -> Ending:
        """
        Walk a machine from its start.

        Args:
            machine: Which.
            data: Its input.
            at: When it begins.
            prefix: What the keys of its states begin with.
            item: ``$$.Map`` where it is a Map's processor.

        """
        name, visits = machine.start_at, Counter[str]()
        while True:
            self._entered += 1
            if self._entered > _MOST_STATES:
                return Failed(
                    at=at,
                    error=ErrorName.RUNTIME,
                    cause=f"The execution reached the maximum number of states ({_MOST_STATES}).",
                )
            visits[name] += 1
            again = f"#{visits[name]}" if visits[name] > 1 else ""
            state = machine.states[name]
            entered = _Entered(
                state=state, data=data, at=at, key=f"{prefix}{name}{again}", item=item
            )
            step = self._enter(entered)
            if not isinstance(step, _Moved):
                return step
            name, data, at = step.next, step.output, step.at

    def _context(self, entered: _Entered, number: int) -> Mapping[str, JSON]:
        """Give the context object. Source: Step Functions Developer Guide, "Context object"."""
        state: JSON = {
            "Name": entered.state.name,
            "EnteredTime": written(entered.at),
            "RetryCount": number,
        }
        around: dict[str, JSON] = {}
        if entered.item is not None:
            around["Map"] = {"Item": entered.item}
        return {**self._world.context, "State": state, **around}

    def _enter(self, entered: _Entered) -> Ending | _Moved:
        """Do what a state does, as often as it retries, and catch what it catches."""
        state = entered.state
        counts = [0] * len(state.retry)
        at, number = entered.at, 0
        of_branches = isinstance(state.work, Parallel | Map)
        while True:
            tried = self._once(entered, at, number)
            if not isinstance(tried, Failed):
                return tried
            which = next(
                (
                    place
                    for place, retrier in enumerate(state.retry)
                    if matches(retrier.error_equals, tried.error, of_branches=of_branches)
                ),
                None,
            )
            if which is None or counts[which] >= state.retry[which].max_attempts:
                return _caught(entered, tried, of_branches=of_branches)
            retrier = state.retry[which]
            at = tried.at + pause(retrier, counts[which])
            counts[which] += 1
            number += 1
            if self._world.now < at:
                return Waiting(until=at)

    def _once(self, entered: _Entered, at: datetime, number: int) -> Ending | _Moved:
        """Try a state once, at a moment: input, work, result, output."""
        state, context = entered.state, self._context(entered, number)
        try:
            raw = _at(state.input_path, entered.data, context)
            given = raw if state.parameters is None else fill(state.parameters.value, raw, context)
            done = self._work(state, given, f"{entered.key}/{number}", at, context)
            if not isinstance(done, Done):
                return done
            at = done.at
            if isinstance(state.work, Choice):
                return _choose(state, state.work, given, at, context)
            result = done.output
            if state.result_selector is not None:
                result = fill(state.result_selector.value, result, context)
            merged = raw if isinstance(state.work, Wait | Succeed) else _merged(state, raw, result)
            output = _at(state.output_path, merged, context)
        except StateFailure as failure:
            return Failed(at=at, error=failure.error, cause=failure.cause)
        if state.next is None:
            return Done(at=at, output=output)
        return _Moved(at=at, output=output, next=state.next)

    def _work(
        self, state: State, given: JSON, key: str, at: datetime, context: Mapping[str, JSON]
    ) -> Ending:
        match state.work:
            case Pass(result=result):
                return Done(at=at, output=given if result is None else result.value)
            case Succeed() | Choice():
                return Done(at=at, output=given)
            case Fail() as fail:
                error, cause = (
                    str(read(path, given, context)) if path else words
                    for path, words in (
                        (fail.error_path, fail.error),
                        (fail.cause_path, fail.cause),
                    )
                )
                return Failed(at=at, error=error, cause=cause)
            case Wait() as wait:
                until = over(wait, given, at, context)
                if self._world.now < until:
                    return Waiting(until=until)
                return Done(at=max(at, until), output=given)
            case Task() as task:
                return call(task, given, key, context, self._world)
            case Parallel(branches=branches):
                sides = [
                    partial(self.through, branch, given, prefix=f"{key}[{place}].")
                    for place, branch in enumerate(branches)
                ]
                return side_by_side(sides, at, len(sides))
            case Map() as each:
                return self._map(each, given, key, at, context)

    def _map(
        self, work: Map, given: JSON, key: str, at: datetime, context: Mapping[str, JSON]
    ) -> Ending:
        items = list_at(work.items_path, given, context)

        def branch(place: int, value: JSON) -> Callable[[datetime], Ending]:
            item: JSON = {"Index": place, "Value": value}
            data = value
            if work.selector is not None:
                data = fill(work.selector.value, given, {**context, "Map": {"Item": item}})
            return partial(
                self.through, work.processor, data, prefix=f"{key}[{place}].", item=item
            )

        branches = [branch(place, value) for place, value in enumerate(items)]
        return side_by_side(branches, at, work.max_concurrency or len(items))


def _at(path: str | None, data: JSON, context: Mapping[str, JSON]) -> JSON:
    return {} if path is None else read(path, data, context)


def _merged(state: State, raw: JSON, result: JSON) -> JSON:
    return raw if state.result_path is None else put(state.result_path, raw, result)


def _choose(
    state: State, work: Choice, given: JSON, at: datetime, context: Mapping[str, JSON]
) -> Ending | _Moved:
    following = next((name for rule, name in work.rules if holds(rule, given, context)), None)
    following = following or work.default
    if following is None:
        return Failed(
            at=at,
            error=ErrorName.NO_CHOICE_MATCHED,
            cause=f"No rule of '{state.name}' holds, and it has no 'Default'.",
        )
    return _Moved(at=at, output=_at(state.output_path, given, context), next=following)


def _caught(entered: _Entered, failed: Failed, *, of_branches: bool) -> Failed | _Moved:
    for catcher in entered.state.catch:
        if matches(catcher.error_equals, failed.error, of_branches=of_branches):
            told: JSON = {"Error": failed.error, "Cause": failed.cause}
            try:
                data = (
                    entered.data
                    if catcher.result_path is None
                    else put(catcher.result_path, entered.data, told)
                )
            except StateFailure as failure:
                return Failed(at=failed.at, error=failure.error, cause=failure.cause)
            return _Moved(at=failed.at, output=data, next=catcher.next)
    return failed
