"""What became of tasks that had traffic: one that ended, even if it runs again. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.event import JSON
    from cicd.ports import TaskState


def restarts_of(tasks: Iterable[TaskState]) -> dict[str, JSON]:
    """Give how often each task was started again so far, by its number, for the log."""
    return {str(task.number): task.restarts for task in tasks}


def crash_of(tasks: Iterable[TaskState], before: Mapping[str, JSON]) -> str | None:
    """
    Say which task ended, was killed or has gone since ``before``; None: none.

    One is enough, although it is started again: it failed the requests that it had, and a version
    that crashes now and then passes every health check in between.
    """
    there = {str(task.number): task for task in tasks}
    for number, count in before.items():
        task = there.get(number)
        if task is None:
            return f"task {number} has gone"
        if not task.running or task.out_of_memory or task.restarts > int(str(count)):
            return f"task {number}: {task.said or task.ended}"
    return None
