"""A directory of this machine as an instance: its root is the directory, its scripts run in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.backends import hook_process, instance_end, instance_world
from cicd.errors import Unavailable, UsageError
from cicd.ports import HookExit, HookFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.ports import CancelToken, HookRun, TargetSpec

_AGENT_ROOT: Final = "opt/codedeploy-agent/deployment-root"
_MOST_LINKS: Final = 40
_INHERITED: Final = frozenset(
    {
        *("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("NODE_EXTRA_CA_CERTS", "PIP_CERT"),
    }
)
_BINARIES: Final = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcf")
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
    """

    def __init__(
        self,
        spec: TargetSpec,
        environment: Mapping[str, str] = os.environ,
        *,
        isolated: bool | None = None,
    ) -> None:
        """Look at nothing yet: ``check`` makes the directory."""
        self.id = spec.id
        self._root = Path(spec.location).absolute()
        self._variables = dict(spec.variables)
        self._environment = environment
        self._isolated = instance_world.works() if isolated is None else isolated
        self.agent_root = self._root / _AGENT_ROOT

    def check(self) -> None:
        """Make the directory; raises ``Unavailable`` when it cannot be one's own."""
        if self._root.resolve() == Path("/"):
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
                hint="give it a directory that you may write to",
            ) from reason

    def path(self, inside: str) -> Path:
        """
        Say where an absolute path of the instance is on this machine.

        Links on the way are followed as the instance would, absolute ones from its root;
        one at the very end is not. ``..`` stops at the root.
        """
        place = self._root
        steps = self._steps(inside)
        links = 0
        while steps:
            step = steps.pop()
            if step == "..":
                place = place.parent if place != self._root else place
                continue
            place /= step
            if steps and place.is_symlink():
                links += 1
                if links > _MOST_LINKS:
                    raise Unavailable(f"'{inside}' on '{self.id}' is a circle of links")
                text = str(place.readlink())
                place = self._root if text.startswith("/") else place.parent
                steps += self._steps(text)
        return place

    def _steps(self, path: str) -> list[str]:
        """Give the names of a path, last first; without isolation links hold whole paths."""
        prefix = f"{self._root}/"
        if f"{path}/".startswith(prefix):
            path = path[len(prefix) :]
        return [step for step in reversed(path.split("/")) if step not in ("", ".")]

    def inside(self, path: Path) -> str:
        """Say how a hook names a path of this machine below the root."""
        if not self._isolated:
            return str(path)
        return f"/{path.relative_to(self._root)}" if path != self._root else "/"

    def run_hook(
        self, hook: HookRun, *, output: Callable[[str, str], None], cancel: CancelToken
    ) -> HookExit:
        """Run one script to its end, with ``/`` as its directory and no input."""
        place = self.path(hook.script)
        if hook.runas is None:
            refusal = self._refusal(place, hook.script)
            if refusal is not None:
                return HookExit(failure=HookFailure.CANNOT_EXECUTE, message=refusal)
            command = [hook.script] if _is_program(place) else ["/bin/sh", hook.script]
        else:
            command = ["su", hook.runas, "-c", hook.script]
        return hook_process.run(
            instance_world.enter(self._root) if self._isolated else (),
            command,
            variables=self._hook_variables(hook),
            timeout=hook.timeout,
            output=output,
            cancel=cancel,
        )

    def terminate(self) -> None:
        """End what the hooks began; the files stay, for people to look at."""
        instance_end.end(self._root)

    def _hook_variables(self, hook: HookRun) -> dict[str, str]:
        inherited = {k: v for k, v in self._environment.items() if k in _INHERITED}
        return {
            "PATH": _STANDARD_PATH,
            "HOME": "/root" if self._isolated else str(self._root / "root"),
            **inherited,
            **self._variables,
            instance_end.MARK: str(self._root),
            "CICD_INSTANCE_ROOT": "" if self._isolated else str(self._root),
            **hook.variables,
        }

    def _refusal(self, place: Path, script: str) -> str | None:
        """Say why the system would not execute a script, in the agent's words."""
        if place.is_dir():
            return f"Errno::EACCES with message Permission denied - {script}"
        try:
            with place.open("rb") as file:
                first = file.readline(256)
        except OSError as reason:
            return f"Errno::EACCES with message {reason.strerror} - {script}"
        if not first.startswith(b"#!"):
            return None
        words = os.fsdecode(first[2:].rstrip(b"\n")).strip(" \t").split(" ")
        # A carriage return belongs to the interpreter's name, and there is no such program.
        if not self._program_exists(words[0]):
            return f"Errno::ENOENT with message No such file or directory - {script}"
        return None

    def _program_exists(self, name: str) -> bool:
        return Path(name).exists() or (self._isolated and self.path(name).exists())


def _is_program(place: Path) -> bool:
    """Tell whether the system itself knows how to run a file; a shell runs what it does not."""
    with place.open("rb") as file:
        first = file.read(4)
    executable = bool(place.stat().st_mode & stat.S_IXUSR)
    return executable and (first[:2] == b"#!" or first in _BINARIES)
