"""``concurrentBuildLimit``: whether one more build of a project may start now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.build.state import StatusType
from cicd.errors import Conflict, Unavailable
from cicd.event import Event, EventKind

if TYPE_CHECKING:
    from cicd.build.project import Project
    from cicd.ports import Services

_STARTING = timedelta(seconds=5)  # from the leave to start to a driver of its own


def check_limit(project: Project, uuid: str, services: Services) -> None:
    """
    Raise ``Unavailable`` at the project's limit; builds that a dead process left do not count.

    Of several that ask at one moment only as many pass as there is room for: each leave is an
    event in a stream of the project, whose version is the lock.
    Source: user guide, "Concurrent build limit": at the limit no build is created.
    """
    if project.concurrent_build_limit is None:
        return
    stream = f"project/{project.name}"
    data = {"signal": "start", "stream": f"build/{project.name}:{uuid}"}
    while True:
        events = services.log.read(stream)
        recent = [
            str(event.data["stream"])
            for _, event in events
            if services.clock.now() - event.at < _STARTING
        ]
        _refuse(project, project.concurrent_build_limit, recent, services)
        event = Event(kind=EventKind.SIGNALLED, at=services.clock.now(), data=data)
        try:
            services.log.append(stream, (event,), expected=len(events))
        except Conflict:  # another build was faster, and counts now
            continue
        return


def _refuse(project: Project, limit: int, recent: list[str], services: Services) -> None:
    known = {
        record.stream: record.status == StatusType.IN_PROGRESS
        and (record.driven or record.stream in recent)
        for record in services.executions.list(kind="build", name=project.name)
    }
    running = [stream for stream, runs in known.items() if runs]
    running += [stream for stream in recent if stream not in known]
    if len(running) >= limit:
        names = ", ".join(stream.partition("/")[2] for stream in running)
        raise Unavailable(
            f"no build is created: {len(running)} of project '{project.name}' "
            f"{'is' if len(running) == 1 else 'are'} running, and its concurrentBuildLimit is "
            f"{limit}",
            hint=f"wait for it, or stop it: {names}",
        )
