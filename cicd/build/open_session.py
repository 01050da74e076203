"""PROVISIONING: the session of a build, made as its plan says."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING

from cicd.build.cache.identity import has_cache
from cicd.build.request import environment_of
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.build.plan import BuildPlan
    from cicd.ports import Services, Session


def open_session(
    plan: BuildPlan, stream: str, services: Services, say: Callable[[str], None]
) -> Session:
    """
    Make the session of a build; raises what ``Runner.open`` and ``Session.check_user`` do.

    A user that no command can run as is told before any runs, whatever phase asks for him.

    Args:
        plan: The build.
        stream: The build's own stream.
        services: Who makes it.
        say: Gets a line now and then where this takes long.

    """
    environment = environment_of(
        plan.image,
        plan.build_image,
        ((source.identifier, source.directory) for source in plan.sources),
        plan.place,
        privileged=plan.privileged,
        hidden=plan.hidden,
    )
    if has_cache(plan):
        from cicd.build.cache.build_cache import with_cache

        environment = with_cache(plan, environment, services.caches)
    threading.Thread(target=_load_ahead, args=(plan,), name="load ahead", daemon=True).start()
    session = services.runner(plan.runner).open(plan.uuid, environment, stream=stream, say=say)
    try:
        for phase in plan.phases:
            session.check_user(phase.run_as)
    except Unavailable:
        session.close()
        raise
    return session


def _load_ahead(plan: BuildPlan) -> None:
    """Load what the end of the build needs, while the session is made: all wait for that."""
    import_module("cicd.build.products")
    if plan.auto_discover or plan.reports:
        import_module("cicd.build.reports.read")
    if plan.artifacts:
        import_module("cicd.build.artifacts.collect")
