"""Runs the scripts of one lifecycle event on one instance, and writes the agent's logs."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.at_work import waiting
from cicd.deploy.agent.fault import AgentFault, LifecycleErrorCode
from cicd.deploy.agent.install import absolute
from cicd.deploy.agent.instance import Layout
from cicd.deploy.agent.own_files import OwnFiles
from cicd.deploy.spec import DEFAULT_TIMEOUT
from cicd.ports import Clock, HookFailure, HookRun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.deploy.agent.instance import InstanceDisk
    from cicd.deploy.lifecycle import LifecycleEvent
    from cicd.deploy.spec import HookScript
    from cicd.ports import CancelToken, HookExit, InstanceTarget

_TAIL: Final = 2048  # characters
_ROTATE: Final = 64 * 1024 * 1024
_KEPT: Final = 8
# The agent's command is one unquoted string: a blank or any of these breaks it.
_BREAKS: Final = re.compile(r"[\s;&|<>()$`\\\"'*?\[\]{}~#!]")


@dataclass(slots=True, kw_only=True)
class ScriptLog:
    """Writes ``scripts.log`` and its companion, and keeps the tail. Safe from two threads."""

    layout: Layout
    files: OwnFiles
    clock: Clock
    say: Callable[[str], None]  # the same lines, for people
    of_all: bool = True  # the log of all deployments is written, too
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _lines: list[str] = field(default_factory=list)
    _open: dict[Path, int] = field(default_factory=dict)  # of each log that was written to

    def write(self, text: str) -> None:
        """Append one line, without its end. Times are the machine's own, as the agent's are."""
        with self._lock:
            now = self.clock.now().astimezone()
            self._lines.append(text + "\n")
            self.say(text)
            self._append(self.layout.script_log, f"{now:%Y-%m-%d %H:%M:%S} {text}\n")
            if not self.of_all:
                return
            stamp = f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d}"
            self._rotate(self.layout.deployments_log)
            self._append(
                self.layout.deployments_log, f"[{stamp}] [{self.layout.deployment_id}]{text}\n"
            )

    def tail(self) -> str:
        """
        Give the last lines that fit into 2 KB; a longer last line leaves nothing.

        Source: the agent's behaviour, "Script failures"; API, "Diagnostics.logTail".
        """
        room = _TAIL
        kept: list[str] = []
        for line in reversed(self._lines):
            if room - len(line) <= 0:
                break
            room -= len(line)
            kept.append(line)
        return "".join(reversed(kept))

    def close(self) -> None:
        """Let go of the files; the next line opens them again."""
        with self._lock:
            while self._open:
                os.close(self._open.popitem()[1])

    def _append(self, log: Path, line: str) -> None:
        # They stay open: what a script puts in their place is met when they are opened again.
        if log not in self._open:
            self._open[log] = self.files.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(self._open[log], line.encode("utf-8", "surrogateescape"))

    def _rotate(self, log: Path) -> None:
        if log not in self._open or os.fstat(self._open[log]).st_size <= _ROTATE:
            return
        os.close(self._open.pop(log))
        for number in range(_KEPT - 1, 0, -1):
            self.files.rename(log.with_name(f"{log.name}.{number}"), f"{log.name}.{number + 1}")
        self.files.rename(log, f"{log.name}.1")


def run_scripts(
    scripts: Sequence[HookScript],
    event: LifecycleEvent,
    *,
    archive: str,
    variables: Mapping[str, str],
    target: InstanceTarget,
    disk: InstanceDisk,
    log: ScriptLog,
    cancel: CancelToken,
) -> None:
    """
    Run the scripts one after the other; the first that does not succeed ends the event.

    Args:
        scripts: At least one.
        event: Named in the log.
        archive: The revision the scripts are of, as a path of the instance.
        variables: What the agent adds to their environment.
        target: The instance.
        disk: Its disk.
        log: Where their output goes.
        cancel: Asks the running script to end.

    Raises:
        AgentFault: A script did not succeed.

    Source: the agent's behaviour, "Hook execution".
    """
    log.write(f"LifecycleEvent - {event}")
    for script in scripts:
        path = _prepare(script, archive, disk, log)
        log.write(f"Script - {script.location}")
        if _BREAKS.search(script.location):
            _fail(
                script,
                f"failed with error Errno::ENOENT with message {_no_such_file(archive, script)}",
            )
        run = HookRun(
            script=target.inside(disk.at(path)),
            runas=script.runas,
            timeout=min(script.timeout, DEFAULT_TIMEOUT),
            # sudo resets the environment.
            variables={} if script.sudo else variables,
        )
        with waiting():
            ended = target.run_hook(
                run, output=lambda stream, line: log.write(f"[{stream}]{line}"), cancel=cancel
            )
        disk.release()  # a script may have put anything in the place of any directory
        _judge(script, ended)


def _no_such_file(archive: str, script: HookScript) -> str:
    return (
        f"No such file or directory - {absolute(f'{archive}/{_BREAKS.split(script.location)[0]}')}"
    )


def _prepare(script: HookScript, archive: str, disk: InstanceDisk, log: ScriptLog) -> str:
    path = absolute(f"{archive}/{script.location}")
    if not path.startswith(archive + "/"):
        raise AgentFault(
            f"Script at specified location: {script.location} leads out of the revision",
            code=LifecycleErrorCode.SCRIPT_FAILED,
            script=script.location,
        )
    if not disk.exists(path):
        raise AgentFault(
            f"Script does not exist at specified location: {path}",
            code=LifecycleErrorCode.SCRIPT_MISSING,
            script=script.location,
        )
    place = disk.followed(path)
    mode = place.stat().st_mode
    if not mode & 0o111:
        log.say(
            f"Script at specified location: {script.location} is not executable.  "
            "Trying to make it executable."
        )
        try:
            with disk.pinned(place) as name:
                Path(name).chmod(mode & 0o7777 | 0o111)
        except OSError:
            raise AgentFault(
                f"Unable to set script at specified location: {script.location} as executable",
                code=LifecycleErrorCode.SCRIPT_NOT_EXECUTABLE,
                script=script.location,
            ) from None
    return path


def _fail(
    script: HookScript,
    words: str,
    code: LifecycleErrorCode = LifecycleErrorCode.SCRIPT_FAILED,
) -> None:
    raise AgentFault(
        f"Script at specified location: {script.location} {words}",
        code=code,
        script=script.location,
    )


def _judge(script: HookScript, ended: HookExit) -> None:
    match ended.failure:
        case None:
            return
        case HookFailure.TIMED_OUT:
            seconds = int(script.timeout.total_seconds())
            _fail(
                script,
                f"failed to complete in {seconds} seconds",
                LifecycleErrorCode.SCRIPT_TIMED_OUT,
            )
        case HookFailure.EXIT:
            # A signal leaves the number empty.
            status = "" if ended.status is None else str(ended.status)
            user = "" if script.runas is None else f"run as user {script.runas} "
            _fail(script, f"{user}failed with exit code {status}")
        case HookFailure.CANNOT_EXECUTE:
            _fail(script, f"failed with error {ended.message}")
        case HookFailure.STDOUT_OPEN:
            _fail(script, "failed to close STDOUT", LifecycleErrorCode.UNKNOWN_ERROR)
        case HookFailure.STDERR_OPEN:
            _fail(script, "failed to close STDERR", LifecycleErrorCode.UNKNOWN_ERROR)
