"""``cicd build --watch``: build again after every change of the source."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cicd.cli.invocation import Invocation
    from cicd.cli.show import Presenter

PAUSE = 0.3  # seconds between two looks; a change counts when two looks see the same
_LEFT_OUT = frozenset({".git", ".cicd", "__pycache__", "node_modules", ".venv"})

Look = dict[str, tuple[int, int]]


def watch_and_build(invocation: Invocation, source: Path, *, without: Path | None) -> int:
    """
    Build in a process of its own, and anew after each change, until Ctrl-C.

    A build that runs is stopped like by Ctrl-C, and its end awaited, before the next begins.
    Looking at every file's time now and then needs no library, and works on any file system.
    """
    show = invocation.show
    asked = threading.Event()
    handlers = {
        number: signal.signal(number, lambda _number, _frame: asked.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    words = [word for word in sys.argv[1:] if word != "--watch"]
    try:
        while not asked.is_set():
            seen = look(source, without)
            with subprocess.Popen(
                [sys.executable, "-P", "-m", "cicd", *words],
                process_group=0,
                stdin=subprocess.DEVNULL,
            ) as build:
                changed = _next_change(lambda: look(source, without), seen, asked, build, show)
                if build.poll() is None:
                    build.send_signal(signal.SIGINT)
            if not asked.is_set():
                show.notice(f"── {changed} changed ──")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return ExitCode.SUCCEEDED


def look(source: Path, without: Path | None) -> Look:
    """Give each file's time and size; without what tools make, and what git leaves out."""
    found: Look = {}
    for path in _files(source, without):
        try:
            status = path.stat()
        except OSError:  # gone since, or a link to nothing
            continue
        found[str(path)] = (status.st_mtime_ns, status.st_size)
    return found


def _files(source: Path, without: Path | None) -> Iterator[Path]:
    from cicd.errors import Unavailable
    from cicd.repos.find import find_repository
    from cicd.repos.working_files import working_files

    found: Iterator[Path]
    try:
        repository = find_repository(source)
    except Unavailable:  # there is no git
        repository = None
    if repository is not None and not repository.bare:
        found = (repository.directory / name for name in working_files(repository))
    else:
        found = _walked(source)
    for path in found:
        if without is None or not path.is_relative_to(without):
            yield path


def _walked(source: Path) -> Iterator[Path]:
    for at, names, files in os.walk(source):
        names[:] = [name for name in names if name not in _LEFT_OUT]
        yield from (Path(at, name) for name in files)


def _next_change(
    see: Callable[[], Look],
    seen: Look,
    asked: threading.Event,
    build: subprocess.Popen[bytes],
    show: Presenter,
) -> str:
    """Wait for a change that has come to rest, or to be asked to leave; name what changed."""
    last = seen
    told = False
    while not asked.wait(PAUSE):
        if not told and build.poll() is not None:
            told = True
            show.notice("waiting for a change; Ctrl-C leaves")
        now = see()
        if now != seen and now == last:
            return _difference(seen, now)
        last = now
    return ""


def _difference(before: Look, after: Look) -> str:
    names = sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
    first = os.path.relpath(names[0])
    return first if len(names) == 1 else f"{first} and {len(names) - 1} more"
