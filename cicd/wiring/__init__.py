"""Settings → Services: the only room that picks an adapter."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from cicd.ports import Services

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cicd.backends.head_start import HeadStart
    from cicd.ports import Reporter
    from cicd.settings import Settings


@contextmanager
def make_services(
    settings: Settings,
    *,
    reporters: tuple[Reporter, ...],
    env_file: Path | None = None,
    speed: float = 1,
    ahead: HeadStart | None = None,
) -> Iterator[Services]:
    """
    Open the home and give what rooms may ask for; closed when the ``with`` ends.

    Args:
        settings: Where the home is, and how many commands at once.
        reporters: Who shows what happens.
        env_file: Values for Parameter Store and Secrets Manager.
        speed: How much faster than the clock waits pass; 60 makes five minutes five seconds.
        ahead: What ``head_start`` gave; stands for the runner of its name.

    Raises:
        Unavailable: The home cannot be made, read or written.
    """
    from cicd.store.caches import CacheFiles
    from cicd.store.database import Database
    from cicd.store.disk import prepare_home
    from cicd.store.event_log import SqliteEventLog
    from cicd.store.executions import SqliteExecutionIndex
    from cicd.store.log_files import LogFiles
    from cicd.wiring import kept, machine
    from cicd.wiring.functions import Functions, hook_functions

    home = settings.home
    prepare_home(home)
    with ExitStack() as opened:
        clock = machine.clock(speed)
        database = Database(home / "state.db")
        opened.callback(database.close)
        logs = LogFiles(home / "logs")
        opened.callback(logs.close)
        artifacts = kept.artifact_store(settings, opened)
        functions = Functions(home, artifacts, settings.images)
        opened.callback(functions.close)
        services = Services(
            home=home,
            log=SqliteEventLog(database),
            executions=SqliteExecutionIndex(database),
            logs=logs,
            artifacts=artifacts,
            secrets=kept.secrets(settings, env_file),
            clock=clock,
            caches=CacheFiles(home, clock),
            reporters=reporters,
            new_id=kept.new_id,
            runner=machine.runners(home, ahead),
            source=machine.commits,
            working_tree=machine.working_tree,
            target=machine.target,
            router=machine.routers(home),
            watcher=machine.watcher,
            jobs=settings.jobs,
            builds=settings.builds,
            tagged=machine.tagged_instances,
            machines=machine.machines(home),
            task_sets=machine.task_sets(home),
            bucket=machine.bucket,
            image=machine.image,
            http=machine.http,
            parameters=lambda: kept.parameters(settings),
            metric=lambda metric, period, count: kept.datapoints(metric, period, count, services),
            functions=functions,
            hook_functions=lambda: hook_functions(services),
        )
        functions.services = services
        yield services
