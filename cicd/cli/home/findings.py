"""What `cicd doctor` looks at: one function a look, each with how to mend what it finds."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import CicdError, DocumentError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.cli.invocation import Invocation
    from cicd.ports import ExecutionRecord, Runner

LOW_DISK = 1 << 30  # bytes: less than this and builds begin to fail in odd places
SKEW = timedelta(seconds=10)  # that two clocks of one machine may differ by
OLD_GIT = (2, 20)  # worktrees, and all options that are used here


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look at the machine found; ``hint`` says how to mend it."""

    subject: str
    ok: bool
    text: str
    hint: str | None = None


def python() -> Finding:
    """Say which Python this is: it is new enough, or nothing would be said at all."""
    return Finding(
        subject="python", ok=True, text=f"{platform.python_version()} on {platform.system()}"
    )


def git() -> Finding:
    """Look for git, which sources and pipelines need."""
    found = shutil.which("git")
    if found is None:
        return Finding(
            subject="git", ok=False, text="is not installed", hint="install git for pipelines"
        )
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    words = said.stdout.strip()
    numbers = words.removeprefix("git version ").split(".")
    new = [int(each) for each in numbers[:2] if each.isdigit()] >= [*OLD_GIT]
    ok = said.returncode == 0 and new
    return Finding(
        subject="git", ok=ok, text=words, hint=None if ok else "install git 2.20 or newer"
    )


def runner(name: str, runner_of: Callable[[str], Runner]) -> Finding:
    """Ask a runner whether it works here."""
    try:
        runner_of(name).check()
    except CicdError as refused:
        return Finding(subject=name, ok=False, text=refused.message, hint=refused.hint)
    return Finding(subject=name, ok=True, text="builds can run")


def images(invocation: Invocation) -> Finding | None:
    """Look for the images of this repository's projects; None where there is nothing to say."""
    from cicd.cli.images import missing_images

    try:
        missing = missing_images(invocation)
    except CicdError as refused:
        return Finding(
            subject="images", ok=False, text=_what(refused), hint="'cicd lint' shows where"
        )
    if missing is None:  # the engine has said so already
        return None
    if not missing:
        return Finding(subject="images", ok=True, text="what builds run in is here")
    name = next(iter(missing))
    return Finding(
        subject="images",
        ok=True,  # the first build pulls it
        text=f"not here yet: {', '.join(sorted(set(missing.values())))}",
        hint=f"cicd images pull {name}; or the first build does",
    )


def disk(home: Path) -> Finding:
    """Look at the room that is left for the home, and whether it may be written to."""
    place = next(p for p in (home, *home.parents) if p.exists())
    if not os.access(place, os.W_OK | os.X_OK, effective_ids=True):
        return Finding(
            subject="disk",
            ok=False,
            text=f"{home} cannot be written to",
            hint="use another home with --home or CICD_HOME",
        )
    free = shutil.disk_usage(place).free
    return Finding(
        subject="disk",
        ok=free >= LOW_DISK,
        text=f"{free / (1 << 30):.1f} GiB free for {home}",
        hint=None
        if free >= LOW_DISK
        else "'cicd prune' makes room; or use another home with --home",
    )


def clock(home: Path) -> Finding:
    """
    Hold the clock against the disk's, the engine's, and when the home was written to last.

    By its files, and not by the moments of its events: those of a run with ``--speed`` are ahead.
    """
    here = datetime.now(UTC)
    place = next(p for p in (home, *home.parents) if p.exists())
    seen: dict[str, timedelta] = {}
    with suppress(OSError), tempfile.NamedTemporaryFile(dir=place, prefix=".cicd-") as file:
        seen["the disk"] = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC) - here
    engine = _engine_time()
    if engine is not None:
        seen["the Docker engine"] = engine - datetime.now(UTC)
    for who, ahead in seen.items():
        if abs(ahead) > SKEW:
            return Finding(
                subject="clock",
                ok=False,
                text=f"{who} is {ahead.total_seconds():+.0f} s from this machine's",
                hint="set both by one time server (timedatectl set-ntp true)",
            )
    newest = _last_written(home)
    if newest is not None and newest - datetime.now(UTC) > SKEW:
        return Finding(
            subject="clock",
            ok=False,
            text=f"{home} was written to at {newest:%Y-%m-%d %H:%M} UTC, which is still to come",
            hint="the clock went back since: set it (timedatectl set-ntp true)",
        )
    zone = time.strftime("%Z")
    return Finding(subject="clock", ok=True, text=f"{here:%Y-%m-%d %H:%M:%S} UTC, zone {zone}")


def ports(invocation: Invocation) -> Finding | None:
    """Look whether the load balancers of cicd.yml can listen; None where there are none."""
    from cicd.deploy.traffic.reader import every_load_balancer
    from cicd.document.resources import Resources
    from cicd.wiring.machine import routers_of

    try:
        named = every_load_balancer(Resources.load(Path.cwd()))
    except CicdError as refused:
        return Finding(
            subject="ports", ok=False, text=_what(refused), hint="'cicd lint' shows where"
        )
    if not named:
        return None
    home = invocation.settings().home
    ours = {each.directory.name for each in routers_of(home) if each.show() is not None}
    for name, balancer in named.items():
        listen = balancer.router.routes[0].listen
        if name not in ours and _is_taken(listen.host, listen.port):
            return Finding(
                subject="ports",
                ok=False,
                text=f"{listen.host}:{listen.port} of '{name}' is taken by something else",
                hint="end that, or choose another port under 'local: loadBalancers' of cicd.yml",
            )
    return Finding(subject="ports", ok=True, text=f"free, or ours: {', '.join(named)}")


def leftovers(
    records: list[ExecutionRecord], runner_of: Callable[[str], Runner], home: Path
) -> Finding:
    """Look for sessions that no unfinished execution wants, and executions nobody drives."""
    from cicd.backends.session_directory import SessionDirectory
    from cicd.cli.home.reaping import left_behind, unfinished
    from cicd.temporary import abandoned

    try:
        for session in SessionDirectory.all(home):
            with suppress(FileNotFoundError):  # it has just ended
                session.record()
        behind = left_behind(records, runner_of)
    except CicdError as unread:
        return Finding(subject="leftovers", ok=False, text=unread.message, hint=unread.hint)
    scraps = abandoned()
    if behind or scraps:
        found = [
            f"{len(behind)} session{'' if len(behind) == 1 else 's'} that nobody wants",
            f"{len(scraps)} temporary director{'y' if len(scraps) == 1 else 'ies'} of killed runs",
        ]
        return Finding(
            subject="leftovers",
            ok=True,  # in nobody's way
            text=", ".join(found[not behind : 1 + bool(scraps)]),
            hint="'cicd doctor --reap' ends them"
            if behind
            else "'cicd doctor --reap' removes them",
        )
    waiting = unfinished(records)
    idle = [each for each in records if each.stream in waiting and not each.driven]
    if idle:
        return Finding(
            subject="leftovers",
            ok=True,
            text=f"{len(idle)} execution(s) left in the middle, with all that they had started",
            hint="'cicd status' says how to go on with each, and how to end it",
        )
    return Finding(subject="leftovers", ok=True, text="none")


def state(invocation: Invocation) -> tuple[Finding, list[ExecutionRecord]]:
    """Open the home, and give what is in its index."""
    from cicd.cli.home.reaping import unfinished
    from cicd.wiring.kept import stores

    home = invocation.settings().home
    if not (home / "state.db").exists():
        return Finding(subject="state", ok=True, text="nothing has run here yet"), []
    try:
        with stores(home) as opened:
            records = opened.executions.list()
            ((said,),) = opened.database.rows("PRAGMA quick_check(1)")
    except CicdError as refused:
        return Finding(subject="state", ok=False, text=refused.message, hint=refused.hint), []
    if said != "ok":
        hint = "'cicd state check' says more; 'cicd state restore --replace' brings a backup back"
        return Finding(subject="state", ok=False, text=str(said), hint=hint), records
    plural = "" if len(records) == 1 else "s"
    text = f"{len(records)} execution{plural}, {len(unfinished(records))} unfinished"
    return Finding(subject="state", ok=True, text=text), records


def _last_written(home: Path) -> datetime | None:
    """Say when an execution or a control call was written down last; None: never."""
    written = []
    for name in ("state.db", "state.db-wal", "audit.jsonl", "logs"):
        with suppress(OSError):
            written.append((home / name).stat().st_mtime)
    return datetime.fromtimestamp(max(written), UTC) if written else None


def _what(refused: CicdError) -> str:
    return "cicd.yml is not valid" if isinstance(refused, DocumentError) else refused.message


def _engine_time() -> datetime | None:
    from cicd.wiring.machine import engine_time

    try:
        return engine_time()
    except CicdError:  # no engine: its own finding says why
        return None


def _is_taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
