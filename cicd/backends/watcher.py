"""Looks at commands and URLs, for alarms; tells subscribers and triggers what happened."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from tempfile import TemporaryFile

from cicd.errors import Unavailable
from cicd.ports import HttpCall, Probe, Reading

_MOST = 64 * 1024  # bytes of an answer that are looked at
_GOOD = range(200, 300)  # of what redirects have led to
_SHELL_SAYS = {126: ", what it names cannot be run", 127: ", what it names was not found"}


class MachineWatcher:
    """A ``Watcher`` that runs commands as this user, and fetches URLs from here."""

    def look(self, probe: Probe) -> Reading:
        """Look once."""
        if probe.url:
            return _fetch(probe, None)
        ended = _run(probe, "")
        if ended.good is not None or ended.words != "exit status 1":
            return ended
        return Reading(good=False, text=ended.text, words=ended.words)

    def tell(self, subscriber: Probe, payload: str) -> Reading:
        """Hand JSON over; good: it was taken."""
        if subscriber.url:
            return _fetch(subscriber, payload)
        if subscriber.file:
            return _append(subscriber.file, payload)
        if subscriber.desktop:
            from cicd.backends.desktop import notify

            return notify(payload, subscriber.timeout)
        return _run(subscriber, payload)


def _run(probe: Probe, given: str) -> Reading:
    """Run a command; exit status 0 is good, any other leaves ``good`` open."""
    try:
        with TemporaryFile() as told:  # which it may read or not, and we do not wait for
            told.write(given.encode())
            told.seek(0)
            process = subprocess.Popen(
                ("sh", "-c", probe.command),
                stdin=told,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=probe.directory or None,
                start_new_session=True,  # so that its children end with it
            )
    except OSError as reason:
        return Reading(good=None, words=reason.strerror or str(reason))
    with process:
        text, status = _printed(process, probe.timeout)
    if status is None:
        return Reading(good=None, words=f"no end after {probe.timeout} seconds")
    if status == 0:
        return Reading(good=True, text=text, words="exit status 0")
    words = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    words += _SHELL_SAYS.get(status, "")
    return Reading(good=None, text=text, words=words)


def _printed(process: subprocess.Popen[bytes], timeout: float) -> tuple[str, int | None]:
    """
    Give the beginning of what a process prints, and its status; None: its time was over.

    Until then it is waited for whoever can still print; who has left its group, no longer.
    """
    assert process.stdout is not None
    until, kept = time.monotonic() + timeout, bytearray()
    while select.select([process.stdout], (), (), max(until - time.monotonic(), 0))[0]:
        block = os.read(process.stdout.fileno(), _MOST)
        kept += block[: _MOST - len(kept)]
        if not block:
            with suppress(subprocess.TimeoutExpired):
                status = process.wait(max(until - time.monotonic(), 0))
                return kept.decode(errors="replace"), status
            break
    os.killpg(process.pid, signal.SIGKILL)
    return "", None


def _append(file: str, payload: str) -> Reading:
    """Add a line in one write, so that those of several processes stay whole."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(number, f"{payload}\n".encode())
        finally:
            os.close(number)
    except OSError as reason:
        return Reading(good=False, words=f"{file}: {reason.strerror}")
    return Reading(good=True, words="written")


def _fetch(probe: Probe, payload: str | None) -> Reading:
    from cicd.backends.http_open import answer_to

    call = HttpCall(
        url=probe.url,
        method="GET" if payload is None else "POST",
        body=None if payload is None else payload.encode(),
        headers={} if payload is None else {"Content-Type": "application/json"},
        timeout=probe.timeout,
    )
    try:
        with answer_to(call) as (answer, _):
            status = answer.status or 0
            text = answer.read(_MOST).decode(errors="replace") if status in _GOOD else ""
            return Reading(good=status in _GOOD, text=text, words=f"answered {status}")
    except Unavailable as problem:
        return Reading(good=False, words=f"no answer: {problem.message}")
