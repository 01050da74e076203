"""Secondary sources that are nowhere here: fetched from where the project says they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.request import BuildRequest
    from cicd.cli.show import Presenter


def with_fetched(request: BuildRequest, home: Path, show: Presenter) -> BuildRequest:
    """
    Let a build have those of its project's sources that git can fetch and no option names.

    Source: user guide, "Multiple input sources and output artifacts"; "Build caching",
    LOCAL_SOURCE_CACHE: their objects are kept, so that later builds fetch what is new.
    """
    missing = [
        source
        for source in request.project.secondary_sources
        if source.identifier not in request.secondary_sources and source.type != "S3"
    ]
    if not missing:
        return request
    from cicd.engine.clock import SystemClock
    from cicd.repos.git_command import without_password
    from cicd.repos.mirror import check_out, is_url

    fetched: dict[str, Path] = {}
    for source in missing:
        if is_url(source.location):
            tree = check_out(
                source.location, source.version or None, home / "repositories", SystemClock().now()
            )
            fetched[source.identifier] = tree
            place = without_password(source.location)
            show.notice(f"source {source.identifier}: {place} at {tree.name[:12]}")
    return replace(request, secondary_sources={**request.secondary_sources, **fetched})
