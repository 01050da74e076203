"""A rolling update is carried out: one move after another, until the service is steady."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.rolling.moves import Broken, End, Seen, Start, Steady, next_move
from cicd.deploy.rolling.record import (
    Revision,
    RolloutState,
    ServiceRecord,
    read_record,
    write_record,
)
from cicd.deploy.rolling.tasks import Task, Tasks
from cicd.deploy.taskdef.reader import read_task_definition
from cicd.document.problem import Problems
from cicd.errors import Conflict, UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from cicd.deploy.rolling.service import RollingService
    from cicd.ports import CancelToken, Services

_GLANCE: Final = timedelta(seconds=1)
BREAKER: Final = "ECS deployment circuit breaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolled:
    """How an update ended. ``reason`` is "" when the service is steady with the new revision."""

    revision: int
    reason: str = ""


def roll_out(
    service: RollingService,
    text: str,
    images: Mapping[str, str],
    *,
    owner: str,
    timeout: timedelta,
    services: Services,
    cancel: CancelToken,
    say: Callable[[str], None],
) -> Rolled:
    """
    Give a service a new revision of its task definition, and replace its tasks.

    Args:
        service: The service.
        text: Its task definition; containers that ``images`` does not name keep the image that
            the last revision gave them.
        images: By container.
        owner: Who asks; the same one goes on with what it began.
        timeout: How long it may take to be steady.
        services: The outside.
        cancel: Set: it is left as it is.
        say: Gets a line for each move.

    Raises:
        Conflict: Somebody else who lives deploys to it.
        DocumentError: The task definition is wrong.
        UsageError: A container that is named is not in it; a secret is missing.

    """
    record, version = read_record(service.key, services)
    if (
        record.state is RolloutState.IN_PROGRESS
        and record.owner != owner
        and _lives(record, services)
    ):
        raise Conflict(
            f"the service {service.name} is being deployed to by {record.owner}",
            hint="run the action again when that is over: cicd pipeline retry-stage",
        )
    if not (record.state is RolloutState.IN_PROGRESS and record.owner == owner):
        notes = Problems()
        record = _with_revision(record, service, text, images, owner, notes)
        for note in notes:
            say(f"{note.span}: {note.message}")
        version = write_record(record, version, services)
    work = _Rollout(service, services, cancel, say)
    deadline = services.clock.now() + timeout
    reason = "" if record.rolls_back else work.reach(record, deadline)
    broken = record.rolls_back or reason.startswith(BREAKER)
    if broken and service.breaker.rollback and record.completed is not None:
        number = record.revision.number if record.revision is not None else 0
        back = replace(record, revision=record.completed, rolls_back=True)
        if not record.rolls_back:
            version = write_record(back, version, services)
        reason = reason or f"{BREAKER} was open"
        say(f"{service.name}: rolling back to revision {record.completed.number}")
        worse = work.reach(back, services.clock.now() + timeout)
        reason = f"{reason}; {worse or f'rolled back to revision {record.completed.number}'}"
        write_record(replace(back, state=RolloutState.FAILED), version, services)
        return Rolled(revision=number, reason=reason)
    assert record.revision is not None, "it was made above"
    if reason:
        if cancel.reason is None:
            write_record(replace(record, state=RolloutState.FAILED), version, services)
        return Rolled(revision=record.revision.number, reason=reason)
    done = replace(record, state=RolloutState.COMPLETED, completed=record.revision)
    write_record(done, version, services)
    return Rolled(revision=record.revision.number)


def _with_revision(
    record: ServiceRecord,
    service: RollingService,
    text: str,
    images: Mapping[str, str],
    owner: str,
    notes: Problems,
) -> ServiceRecord:
    plain = read_task_definition(text, service.task_definition, {})
    names = {each.order.name for each in plain.containers}
    unknown = [name for name in images if name not in names]
    if unknown:
        raise UsageError(
            f"the task definition '{plain.family}' has no container '{unknown[0]}'",
            hint=f"it has {', '.join(sorted(names))}",
        )
    before = record.revision.images if record.revision is not None else {}
    merged = {**{name: image for name, image in before.items() if name in names}, **images}
    read_task_definition(text, service.task_definition, merged, notes)
    number = record.counter + 1
    return replace(
        record,
        revision=Revision(number=number, definition=text, images=merged),
        counter=number,
        state=RolloutState.IN_PROGRESS,
        owner=owner,
        rolls_back=False,
    )


class _Rollout:
    """Makes moves until one revision is all that runs."""

    def __init__(
        self,
        service: RollingService,
        services: Services,
        cancel: CancelToken,
        say: Callable[[str], None],
    ) -> None:
        self._service = service
        self._services = services
        self._cancel = cancel
        self._say = say
        self._tasks = Tasks(service, services)

    def reach(self, record: ServiceRecord, deadline: datetime) -> str:
        """Replace what is not of the revision; gives why that could not be done, or ""."""
        revision = record.revision
        assert revision is not None, "there is one to reach"
        definition = read_task_definition(
            revision.definition, self._service.task_definition, revision.images
        )
        inbox = self._services.clock.inbox()
        self._cancel.on_cancel(lambda: inbox.put(None))
        replaced = 0
        while True:
            tasks = self._tasks.look()
            for task in tasks:
                if task.revision == revision.number and _is_ill(task):
                    self._say(f"{self._service.name}: {task.state and task.state.said}")
                    self._tasks.end(task)
                    replaced += 1
            new = [t for t in tasks if t.revision == revision.number and not _is_ill(t)]
            old = [task for task in tasks if task.revision != revision.number]
            why = "; ".join(_said(new))
            if self._cancel.reason is not None:
                return "the deployment was asked to end"
            if self._services.clock.now() >= deadline:
                return f"the service did not become steady in time{why and f': {why}'}"
            match next_move(self._service, _seen(new, old, replaced)):
                case Start(count=count):
                    self._tasks.start(revision.number, definition, count)
                    self._say(
                        f"{self._service.name}: started {_tasks(count)} of {revision.number}"
                    )
                case End(count=count):
                    for task in sorted(old, key=lambda each: each.healthy)[:count]:
                        self._tasks.end(task)
                    self._say(f"{self._service.name}: ended {_tasks(count)} of before")
                case Broken():
                    return f"{BREAKER} was triggered{why and f': {why}'}"
                case Steady():
                    for task in new[self._service.desired_count :]:
                        self._tasks.end(task)
                    self._say(f"{self._service.name}: steady at revision {revision.number}")
                    return ""
                case _:
                    inbox.take(min(deadline, self._services.clock.now() + _GLANCE))


def _is_ill(task: Task) -> bool:
    """Tell whether a task runs that is unhealthy by its own check: it is replaced, as by ECS."""
    state = task.state
    return state is not None and state.running and not state.healthy and bool(state.said)


def _seen(new: Sequence[Task], old: Sequence[Task], replaced: int) -> Seen:
    return Seen(
        new=len(new),
        new_healthy=sum(task.healthy for task in new),
        old=len(old),
        old_healthy=sum(task.healthy for task in old),
        failures=replaced
        + sum(
            task.state.restarts + (not task.state.running and not task.state.restarts)
            for task in new
            if task.state is not None
        ),
    )


def _said(tasks: Sequence[Task]) -> list[str]:
    found = [task.state.said for task in tasks if task.state is not None and task.state.said]
    found += [f"the load balancer says: {task.seen}" for task in tasks if task.seen]
    return list(dict.fromkeys(found))


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _lives(record: ServiceRecord, services: Services) -> bool:
    kind, _, rest = record.owner.partition("/")
    try:
        found = services.executions.find(kind, rest.partition("/")[0])
    except UsageError:
        return False
    return found is not None and found.driven
