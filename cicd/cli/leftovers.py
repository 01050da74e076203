"""Sessions of builds that are over, which a dead process or engine has left: cleared away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import CicdError

if TYPE_CHECKING:
    from cicd.ports import Services


def clear_leftovers(services: Services) -> None:
    """
    End the sessions of builds that are over, and so cannot be resumed.

    A build that nobody knows keeps its session, which may belong to one that begins right now;
    ``cicd doctor --reap`` ends those, too. So does an engine that does not answer.
    """
    from cicd.backends.session_directory import SessionDirectory

    over = {}
    for directory in SessionDirectory.all(services.home):
        try:
            session = directory.record()
        except (OSError, CicdError):  # it has just ended, or is no session at all
            continue
        if _is_over(session.stream, services):
            over[session.stream] = session.runner
    for runner in set(over.values()):
        try:
            services.runner(runner).reap(lambda stream: stream not in over)
        except CicdError:  # perhaps the next build has an engine again
            continue


def _is_over(stream: str, services: Services) -> bool:
    kind, _, name = stream.partition("/")
    record = services.executions.find(kind, name) if kind == "build" else None
    return record is not None and record.status != "IN_PROGRESS" and not record.driven
