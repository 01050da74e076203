"""Install: what the last one left is removed, and what the AppSpec says is copied."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cicd.deploy.agent.carry_out import subject
from cicd.deploy.agent.copying import carry_out_all
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.install import above, instructions_for
from cicd.deploy.agent.instance import ARCHIVE
from cicd.deploy.agent.instructions import Copy, Mkdir, SetFacl, cleanup_order, install_json
from cicd.deploy.agent.record import CleanupRecord
from cicd.deploy.agent.stamps import Source, read_stamps, stamp_of, write_stamps
from cicd.deploy.agent.standing import Standing
from cicd.deploy.spec import FileExistsBehavior

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cicd.deploy.agent.instance import InstanceDisk, Layout
    from cicd.deploy.agent.instructions import Instruction
    from cicd.deploy.agent.own_files import OwnFiles
    from cicd.deploy.agent.stamps import Stamped
    from cicd.deploy.spec import AppSpec


def install(
    appspec: AppSpec,
    behavior: FileExistsBehavior,
    *,
    layout: Layout,
    disk: InstanceDisk,
    files: OwnFiles,
    notice: Callable[[str], None],
    is_full: Callable[[], bool],
) -> None:
    """
    Carry Install out.

    What the last one copied and nobody touched stays, where it would only be copied again: it is
    removed on paper. Whatever ends this, the disk is as if it had been removed and copied.

    Args:
        appspec: Of the revision.
        behavior: What the deployment says about files that are there; the AppSpec's word counts.
        layout: Where the agent keeps what.
        disk: The instance's.
        files: The agent's own on it.
        notice: Called with words about what this machine cannot do.
        is_full: Whether the disk is to be taken for full.

    Raises:
        AgentFault: Something collides, or cannot be done; what was done before it stays.

    Source: the agent's behaviour, "Install algorithm".
    """
    archive = f"{layout.deployment_inside}/{ARCHIVE}"
    behavior = appspec.file_exists_behavior or behavior
    standing = Standing(disk, read_stamps(files, layout.installed), layout.fresh)
    last = files.read(layout.cleanup)
    if last is not None:
        standing.clean(cleanup_order(last))
    try:
        instructions = instructions_for(
            archive, appspec.files, appspec.permissions, behavior, standing
        )
        unpacked = _Unpacked(archive, read_stamps(files, layout.unpacked))
        sources = unpacked.sources(instructions, standing, disk)
        standing.keep(instructions, sources)
        files.write(layout.install_json, install_json(instructions))
    except BaseException:
        standing.drop()
        files.remove(layout.cleanup)
        raise
    seen: dict[str, tuple[os.stat_result, os.stat_result]] = {}
    with CleanupRecord(files, layout.cleanup, standing.paths) as record:
        try:
            if instructions and is_full():
                raise AgentFault(f"No space left on device - {subject(instructions[0])}")
            carry_out_all(
                instructions,
                disk,
                record=record,
                standing=standing,
                seen=seen,
                notice=notice,
                together=behavior is not FileExistsBehavior.OVERWRITE,
            )
        finally:
            standing.drop()
    stamped = _installed(instructions, disk, unpacked, sources, seen)
    write_stamps(files, layout.installed, stamped)
    files.write(layout.last_successful_install, layout.deployment_inside)


class _Unpacked:
    """The archive's stamps, of which only those count that are still true."""

    def __init__(self, archive: str, stamps: Mapping[str, Stamped]) -> None:
        self._archive = f"{archive}/"
        self._stamps = stamps

    def source(self, path: str, status: os.stat_result | None) -> Source | None:
        """Tell what is known of a file; None: somebody touched it, or nothing is known."""
        stamped = self._stamps.get(path.removeprefix(self._archive))
        if stamped is None or status is None or stamp_of(status) != stamped[0]:
            return None
        return Source(status=status, digest=stamped[1])

    def sources(
        self, instructions: Sequence[Instruction], standing: Standing, disk: InstanceDisk
    ) -> dict[str, Source]:
        """Give what would be copied to where it stands already."""
        found = {}
        for each in instructions:
            if isinstance(each, Copy) and standing.stands(each.destination):
                source = self.source(each.source, _look(each.source, disk))
                if source is not None:
                    found[each.source] = source
        return found


def _installed(
    instructions: Sequence[Instruction],
    disk: InstanceDisk,
    unpacked: _Unpacked,
    sources: Mapping[str, Source],
    seen: Mapping[str, tuple[os.stat_result, os.stat_result]],
) -> dict[str, Stamped]:
    """Give the stamps of what was copied, as it is now; of what has a list of rights, none."""
    changed = {each.file for each in instructions if not isinstance(each, Mkdir | Copy)}
    listed = {each.file for each in instructions if isinstance(each, SetFacl)}
    stamped: dict[str, Stamped] = {}
    for each in instructions:
        if not isinstance(each, Copy) or each.destination in listed:
            continue
        made = seen.get(each.destination)
        source = (
            sources.get(each.source) if made is None else unpacked.source(each.source, made[0])
        )
        if source is None:
            continue
        fresh = made is not None and each.destination not in changed
        status = made[1] if made is not None and fresh else _look(each.destination, disk)
        stamp = None if status is None else stamp_of(status)
        if stamp is not None:
            stamped[each.destination] = stamp, source.digest
    return stamped


def _look(path: str, disk: InstanceDisk) -> os.stat_result | None:
    directory = disk.directory(above(path))
    try:
        return os.lstat(directory + path[path.rfind("/") :]) if directory else None
    except OSError:
        return None
