"""BatchEffects: the hands of a batch. Builds are run like any other, each on its own stream."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, assert_never

from cicd.build.artifacts.delivery import deliver_files
from cicd.build.batch.commands import BatchCommand, CombineArtifacts, RunBuild
from cicd.build.run import build_result, resume_build, run_plan
from cicd.build.state import StatusType
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.signals import send
from cicd.errors import Conflict, Unavailable
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.build.batch.plan import BatchPlan
    from cicd.build.run import BuildResult
    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.ports import Services


class BatchEffects:
    """The ``Effects`` of one batch; several builds at once."""

    def __init__(self, plan: BatchPlan, services: Services) -> None:
        """Take what was planned."""
        self._plan = plan
        self._services = services

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Do one command."""
        assert isinstance(command, BatchCommand), "BatchProcess starts nothing else"
        match command:
            case RunBuild():
                plan = self._plan.node(command.identifier).build
                services = replace(self._services, cancel=scope.cancel)
                return _outcome(run_plan(plan, services, parent=scope.stream), scope)
            case CombineArtifacts():
                return self._combine(command)
            case _:
                assert_never(command)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Take up the build that was begun, if it was; what is combined is combined again."""
        if isinstance(command, RunBuild):
            stream = f"build/{self._plan.node(command.identifier).build.build_id}"
            if self._services.log.read(stream):
                return _outcome(self._take_up(stream, scope), scope)
        return self.perform(command, scope)

    def close(self) -> None:
        """Hold nothing."""

    def _take_up(self, stream: str, scope: Scope) -> BuildResult:
        """Drive a build on; while somebody else does, follow it."""
        services = replace(self._services, cancel=scope.cancel)
        inbox = services.clock.inbox()
        scope.cancel.on_cancel(lambda: inbox.put(None))
        asked = False
        while True:
            try:
                return resume_build(stream, services)
            except Conflict:
                if scope.cancel.reason is not None and not asked:
                    asked = True
                    send(services.log, services.clock, stream, "stop", reason=scope.cancel.reason)
            inbox.take(None)
            result = build_result(stream, services)
            if result.status != StatusType.IN_PROGRESS:
                return result

    def _combine(self, command: CombineArtifacts) -> Outcome:
        store = self._services.artifacts
        with TemporaryDirectory(prefix="combine-", dir=self._services.home) as made:
            tree = Path(made)
            for digest in command.digests:
                artifact = store.find(digest)
                if artifact is None:
                    raise Unavailable(
                        "an artifact of a build of this batch is no longer in the store",
                        hint="it was pruned; 'cicd batches retry' makes all of them again",
                    )
                deliver_files(artifact, store, tree)
            kept = store.put(_files(tree))
        location = ""
        if self._plan.artifacts_directory is not None:
            deliver_files(kept, store, self._plan.artifacts_directory)
            location = str(self._plan.artifacts_directory)
        detail: dict[str, JSON] = {
            "digest": kept.digest,
            "files": kept.files,
            "size": kept.size,
            "location": location,
        }
        return Outcome(status=OutcomeStatus.DONE, detail=detail)


def _files(tree: Path) -> Iterator[ArtifactFile]:
    for path in sorted(tree.rglob("*")):
        name = path.relative_to(tree).as_posix()
        if path.is_symlink():
            yield ArtifactFile(path=name, source=path, link=str(path.readlink()))
        elif path.is_file():
            yield ArtifactFile(path=name, source=path, mode=path.stat().st_mode & 0o777)


def _outcome(build: BuildResult, scope: Scope) -> Outcome:
    """Keep of a build what its batch needs to know, so that nobody has to read its stream."""
    primary = build.artifacts.get("")
    failure = build.failure
    detail: dict[str, JSON] = {
        "buildId": build.build_id,  # of the last one, if it was started again by itself
        "buildStatus": build.status,
        "primary": primary.digest if primary is not None else "",
        "artifacts": {name: kept.digest for name, kept in build.artifacts.items()},
        "primaryArtifact": build.build["artifacts"],
        "secondaryArtifacts": build.build["secondaryArtifacts"],
        "reports": list(build.reports),
        "message": failure.message.strip() if failure is not None else "",
    }
    if build.status == StatusType.SUCCEEDED:
        return Outcome(status=OutcomeStatus.DONE, detail=detail)
    reason = scope.cancel.reason
    if reason is not None:
        return Outcome(status=OutcomeStatus.CANCELLED, detail=detail, reason=reason)
    return Outcome(status=OutcomeStatus.FAILED, detail=detail)
