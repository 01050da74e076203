"""``--source-version``: a source as git has it, not as its directory is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.request import BuildRequest
    from cicd.cli.show import Presenter


def at_version(request: BuildRequest, version: str, home: Path, show: Presenter) -> BuildRequest:
    """
    Let a build have its source at a commit, branch or tag, in a clone with a detached ``HEAD``.

    Raises ``UsageError`` for a version that is not there, and a source that no repository holds.
    Source: API Reference, "StartBuild", sourceVersion.
    """
    from cicd.engine.clock import SystemClock
    from cicd.repos.find import open_repository
    from cicd.repos.mirror import check_out

    repository = open_repository(request.source)
    commit = repository.resolve(version)
    tree = check_out(str(repository.root), commit, home / "repositories", SystemClock().now())
    source = tree / repository.prefix
    if not source.is_dir():
        raise UsageError(
            f"'{repository.prefix}' is not in {version} of {repository.root}",
            hint="name a version that has it, or another directory",
        )
    show.notice(f"source: {version} is commit {commit[:12]}")
    revision = open_repository(source).describe()
    return replace(
        request,
        source=source,
        source_version=version,
        revision=replace(revision, url=repository.describe().url),
    )
