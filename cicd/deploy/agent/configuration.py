"""``codedeployagent.yml`` of an instance: what of it has an effect here, and what has none."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.fault import AgentFault
from cicd.document.load import MAX_BYTES, load_bytes
from cicd.document.node import NodeKind
from cicd.errors import DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.deploy.agent.own_files import OwnFiles

_MOST: Final = MAX_BYTES + 1  # one more is refused
PLACE: Final = "/etc/codedeploy-agent/conf/codedeployagent.yml"

# What would change a deployment, and does not here.
_LOST: Final[Mapping[str, object]] = {
    "root_dir": "/opt/codedeploy-agent/deployment-root",
    "ongoing_deployment_tracking": "ongoing-deployment",
    "archive_max_extraction_size": None,
    "ignore_ownership_in_bundle": False,
    "reject_path_traversal_in_bundle": True,  # is so always
    "reject_symlink_permission_targets": False,
    "reject_unconfined_selinux_in_bundle": False,
    "restrict_agent_dir_permissions": False,
    "restrict_hook_env_to_allowlist": False,
    "restrict_log_dir_permissions": False,
    "strip_loader_env_in_hooks": False,
}


class AgentStopped(Exception):
    """The agent does not start with this configuration; the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfiguration:
    """
    What an instance's file says, or the agent's defaults.

    Source: CodeDeploy User Guide, "CodeDeploy agent configuration reference".
    """

    max_revisions: int = 5  # at least 1
    enable_deployments_log: bool = True
    enable_archive_reuse: bool = True  # of a restart
    reject_symlinks_in_bundle: bool = False
    reject_unsafe_permissions_in_bundle: bool = False
    lost: tuple[str, ...] = ()  # keys that are set, and have no effect here


DEFAULTS: Final = AgentConfiguration()


def read_configuration(disk: InstanceDisk, files: OwnFiles) -> AgentConfiguration:
    """
    Read an instance's file, if it has one.

    Raises:
        AgentStopped: The agent would not start with it.
        Unavailable: What is there is no file.

    """
    try:
        number = files.open(disk.followed(PLACE), os.O_RDONLY)
    except FileNotFoundError:
        return DEFAULTS
    with os.fdopen(number, "rb") as file:
        said = _said(file.read(_MOST))
    most = said.get("max_revisions", DEFAULTS.max_revisions)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise AgentStopped(f"'max_revisions' of {PLACE} must be 1 or more, not '{most}'")
    if (children := said.get("children", 1)) != 1:
        raise AgentStopped(f"'children' of {PLACE} must be 1, not '{children}'")
    return AgentConfiguration(
        max_revisions=most,
        enable_deployments_log=said.get("enable_deployments_log", True) is not False,
        enable_archive_reuse=said.get("enable_archive_reuse", True) is not False,
        reject_symlinks_in_bundle=said.get("reject_symlinks_in_bundle") is True,
        reject_unsafe_permissions_in_bundle=said.get("reject_unsafe_permissions_in_bundle")
        is True,
        lost=tuple(name for name in _LOST if said.get(name, _LOST[name]) != _LOST[name]),
    )


def check_archive(archive: Path, configuration: AgentConfiguration) -> None:
    """Refuse what an instance will not have in a revision; raises ``AgentFault``."""
    links = configuration.reject_symlinks_in_bundle
    unsafe = configuration.reject_unsafe_permissions_in_bundle
    if not links and not unsafe:
        return
    for place in _below(archive):
        mode = os.lstat(place).st_mode
        if links and stat.S_ISLNK(mode):
            _refuse(place, archive, "is a symbolic link", "reject_symlinks_in_bundle")
        if unsafe and stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            _refuse(place, archive, "is SUID or SGID", "reject_unsafe_permissions_in_bundle")


def _said(written: bytes) -> Mapping[str, object]:
    """Give the values; keys are written as Ruby's symbols, ``:max_revisions:``, or plainly."""
    try:
        node = load_bytes(written, PLACE, duplicates="last")
    except DocumentError as unreadable:
        first = unreadable.problems[0]
        raise AgentStopped(f"{first.span}: {first.message}") from None
    if node.kind is not NodeKind.MAPPING:
        raise AgentStopped(f"{PLACE} is no mapping")
    return {key.removeprefix(":"): entry.value.plain() for key, entry in node.entries.items()}


def _below(archive: Path) -> Iterator[str]:
    for directory, inner, files in os.walk(archive):
        yield from (f"{directory}/{name}" for name in sorted([*inner, *files]))


def _refuse(place: str, archive: Path, what: str, key: str) -> None:
    raise AgentFault(
        f"The deployment failed because {os.path.relpath(place, archive)} of the revision {what}, "
        f"which '{key}: true' of {PLACE} refuses."
    )
