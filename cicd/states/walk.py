"""
A machine is walked from its start as far as what is known leads: the heart of an execution. Pure.

It is walked anew each time something has come to be known. What a task answered is looked up by
its key, and every moment follows from the log: so the same log always leads to the same place.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from cicd.event import JSON
from cicd.record import dataclass
from cicd.states.choices import holds, timestamp
from cicd.states.ending import Done, Ending, Failed, InvokeFunction, Waiting, World
from cicd.states.failure import StateFailure, matches, runtime
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
from cicd.states.paths import list_at, put, read
from cicd.states.templates import fill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
            pause = retrier.interval * retrier.backoff_rate ** counts[which]
            if retrier.max_delay is not None:
                pause = min(pause, retrier.max_delay)
            counts[which] += 1
            number += 1
            at = tried.at + timedelta(seconds=pause)
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
                until = _moment(wait, given, at, context)
                if self._world.now < until:
                    return Waiting(until=until)
                return Done(at=max(at, until), output=given)
            case Task() as task:
                return self._task(task, given, key, context)
            case Parallel(branches=branches):
                sides = [
                    partial(self.through, branch, given, prefix=f"{key}[{place}].")
                    for place, branch in enumerate(branches)
                ]
                return self._side_by_side(sides, at, len(sides))
            case Map() as each:
                return self._map(each, given, key, at, context)

    def _task(self, task: Task, given: JSON, key: str, context: Mapping[str, JSON]) -> Ending:
        function, payload = task.function, given
        if not function:
            asked = given if isinstance(given, dict) else {}
            function, payload = str(asked.get("FunctionName") or ""), asked.get("Payload", {})
            if asked.get("Qualifier"):
                function += f":{asked['Qualifier']}"
            if not asked.get("FunctionName"):
                raise runtime("The field 'FunctionName' of 'Parameters' is missing")
        timeout = task.timeout
        if task.timeout_path is not None:
            found = read(task.timeout_path, given, context)
            if not isinstance(found, int | float) or isinstance(found, bool) or found <= 0:
                raise runtime(f"'{task.timeout_path}' is no number of seconds above 0")
            timeout = found
        answer, began = self._world.answers.get(key), self._world.started.get(key)
        if timeout is not None and began is not None:
            late = began + timedelta(seconds=timeout)
            if (self._world.now if answer is None else answer.at) >= late:
                return Failed(at=late, error=ErrorName.TIMEOUT, cause="")
        if answer is None:
            command = InvokeFunction(
                key=key, function=function, payload=payload, wrapped=not task.function
            )
            ends = None
            if timeout is not None:
                ends = (began or self._world.now) + timedelta(seconds=timeout)
            return Waiting(commands=(command,), until=ends)
        if answer.error:
            return Failed(at=answer.at, error=answer.error, cause=answer.cause)
        return Done(at=answer.at, output=answer.output)

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
        return self._side_by_side(branches, at, work.max_concurrency or len(items))

    def _side_by_side(
        self, branches: Sequence[Callable[[datetime], Ending]], at: datetime, most: int
    ) -> Ending:
        """
        Walk branches, ``most`` at once; the first one that fails ends all of them.

        A branch that had to wait for its turn begins when the earliest of those before it ended.
        """
        free = [at] * most
        outputs: list[JSON] = []
        failed: list[Failed] = []
        commands: list[InvokeFunction] = []
        moments: list[datetime] = []
        busy, last = 0, at
        for branch in branches:
            if busy >= most:
                break
            free.sort()
            ended = branch(free[0])
            match ended:
                case Done(output=output):
                    outputs.append(output)
                    free[0] = ended.at
                    last = max(last, ended.at)
                case Failed():
                    failed.append(ended)
                    free[0] = ended.at
                case Waiting():
                    free.pop(0)
                    busy += 1
                    commands += ended.commands
                    moments += [ended.until] if ended.until is not None else []
        if failed:
            return min(failed, key=lambda each: each.at)
        if busy:
            return Waiting(commands=tuple(commands), until=min(moments, default=None))
        return Done(at=last, output=outputs)


def written(moment: datetime) -> str:
    """Give a moment as the context object has it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


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


def _moment(wait: Wait, given: JSON, at: datetime, context: Mapping[str, JSON]) -> datetime:
    """Give when a Wait is over."""
    seconds: JSON = wait.seconds
    if wait.seconds_path is not None:
        seconds = read(wait.seconds_path, given, context)
    if wait.seconds_path is not None or wait.seconds is not None:
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise runtime(f"'{wait.seconds_path}' is no number of seconds: {seconds}")
        return at + timedelta(seconds=seconds)
    text: JSON = wait.timestamp
    if wait.timestamp_path is not None:
        text = read(wait.timestamp_path, given, context)
    moment = timestamp(text) if isinstance(text, str) else None
    if moment is None:
        raise runtime(f"'{text}' is no moment such as 2026-03-14T01:59:00Z")
    return moment
