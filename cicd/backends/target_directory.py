"""A directory of this machine as an instance: its root is the directory, its scripts run in it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.backends import (
    hook_process,
    hook_script,
    instance_end,
    instance_paths,
    instance_world,
)
from cicd.document.instances import AGENT_ROOT
from cicd.errors import Unavailable, UsageError
from cicd.ports import HookExit, HookFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.ports import CancelToken, HookRun, TargetSpec

_INHERITED: Final = frozenset(
    {
        *("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("NODE_EXTRA_CA_CERTS", "PIP_CERT"),
    }
)
_STANDARD_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class DirectoryTarget:
    """
    An instance that is a directory.

    Where bubblewrap works, hooks see the directory as ``/``, with this machine's programs
    read-only beside it, its network and its processes; a server that a hook starts goes on after
    us. Elsewhere they run on the machine itself, and say ``${CICD_INSTANCE_ROOT:-}/srv/app`` to
    stay inside: the variable is empty in the first case, and in the cloud.

    Args:
        spec: ``location`` is the directory; ``variables`` reach every hook.
        environment: This process's own; hooks get its PATH, language, proxies and certificates.
        isolated: Whether hooks see the directory as ``/``; None: where this machine can.
        machine: Whether it may be this whole machine, its root included.
    """

    def __init__(
        self,
        spec: TargetSpec,
        environment: Mapping[str, str] = os.environ,
        *,
        isolated: bool | None = None,
        machine: bool = False,
    ) -> None:
        """Look at nothing yet: ``check`` makes the directory."""
        self.id = spec.id
        self._root = Path(spec.location).absolute()
        self._variables = dict(spec.variables)
        self._environment = environment
        self._isolated = instance_world.works() if isolated is None else isolated
        self._machine = machine
        # The links of the whole machine are its owner's, and followed; see _refuse_links.
        self.agent_root = self.path(AGENT_ROOT) if machine else self._root / AGENT_ROOT[1:]
        self._prepared = False

    def check(self) -> None:
        """Make the directory; raises ``Unavailable`` when it cannot be one's own."""
        self._refuse_links()
        if self._prepared and self.agent_root.is_dir():
            return  # by an earlier lifecycle event of the same deployment
        if self._root.resolve() == Path("/") and not self._machine:
            raise UsageError(
                f"instance '{self.id}' is the whole machine",
                hint="give it a directory of its own, such as .cicd/instances/web-1",
            )
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            if self._isolated:
                instance_world.prepare(self._root)
            self.agent_root.mkdir(parents=True, exist_ok=True)
        except OSError as reason:
            raise Unavailable(
                f"instance '{self.id}' cannot be used: {reason.strerror} - {reason.filename}",
                hint=self._way_in(),
            ) from reason
        self._prepared = True

    def _refuse_links(self) -> None:
        """Refuse to keep the agent's state where a script has put a link: it may lead outside."""
        if self.path(AGENT_ROOT) != self.agent_root or self.agent_root.is_symlink():
            raise Unavailable(
                f"instance '{self.id}' cannot be used: a link is on the way to {AGENT_ROOT}",
                hint=f"make directories of what leads to {self.agent_root}",
            )

    def _way_in(self) -> str:
        if not self._machine:
            return "give it a directory that you may write to"
        return "become root" if os.geteuid() else "it must be writable, and have room"

    def skew(self) -> timedelta:
        """Give nothing: a directory has this machine's own clock."""
        return timedelta()

    def path(self, inside: str) -> Path:
        """Say where an absolute path of the instance is on this machine."""
        return instance_paths.place_of(inside, self._root, self.id)

    def inside(self, path: Path) -> str:
        """Say how a hook names a path of this machine below the root."""
        if not self._isolated:
            return str(path)
        return instance_paths.name_of(path, self._root)

    def run_hook(
        self, hook: HookRun, *, output: Callable[[str, str], None], cancel: CancelToken
    ) -> HookExit:
        """Run one script to its end, with ``/`` as its directory and no input."""
        place = instance_paths.file_of(hook.script, self._root, self.id)
        refused = hook_script.refusal(hook, place, self._program_exists)
        if refused is not None:
            return HookExit(failure=HookFailure.CANNOT_EXECUTE, message=refused)
        return hook_process.run(
            instance_world.enter(self._root) if self._isolated else (),
            hook_script.command_of(hook, place),
            variables=self._hook_variables(hook),
            timeout=hook.timeout,
            output=output,
            cancel=cancel,
        )

    def terminate(self) -> None:
        """End what the hooks began; the files stay, for people to look at."""
        if self._machine:
            raise Unavailable(
                "this machine itself is not terminated",
                hint="give the instance a directory of its own",
            )
        instance_end.end(self._root)

    def _hook_variables(self, hook: HookRun) -> dict[str, str]:
        inside = self._isolated or self._machine  # what a hook calls "/" is the instance's root
        inherited = {k: v for k, v in self._environment.items() if k in _INHERITED}
        return {
            "PATH": _STANDARD_PATH,
            "HOME": "/root" if inside else str(self._root / "root"),
            **inherited,
            **self._variables,
            instance_end.MARK: str(self._root),
            "CICD_INSTANCE_ROOT": "" if inside else str(self._root),
            **hook.variables,
        }

    def _program_exists(self, name: str) -> bool:
        return Path(name).exists() or (self._isolated and self.path(name).exists())


def this_machine(spec: TargetSpec) -> DirectoryTarget:
    """Give this machine itself as an instance, as the cloud's agent would have it."""
    return DirectoryTarget(spec, isolated=False, machine=True)
