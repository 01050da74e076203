"""``concurrentBuildLimit``: whether one more build of a project may start now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.state import StatusType
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from cicd.build.project import Project
    from cicd.ports import Services


def check_limit(project: Project, services: Services) -> None:
    """
    Raise ``Unavailable`` at the project's limit; builds that a dead process left do not count.

    Source: user guide, "Concurrent build limit": at the limit no build is created.
    """
    limit = project.concurrent_build_limit
    if limit is None:
        return
    running = [
        record
        for record in services.executions.list(kind="build", name=project.name)
        if record.status == StatusType.IN_PROGRESS and record.driven
    ]
    if len(running) >= limit:
        names = ", ".join(record.stream.partition("/")[2] for record in running)
        raise Unavailable(
            f"no build is created: {len(running)} of project '{project.name}' "
            f"{'is' if len(running) == 1 else 'are'} running, and its concurrentBuildLimit is "
            f"{limit}",
            hint=f"wait for it, or stop it: {names}",
        )
