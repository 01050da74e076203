"""Looks at commands and URLs, for alarms; tells subscribers and triggers what happened."""

from __future__ import annotations

import os
import signal
import subprocess

from cicd.ports import Probe, Reading

_MOST = 64 * 1024  # bytes of an answer that are looked at
_GOOD = range(200, 400)
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
        process = subprocess.Popen(
            ("sh", "-c", probe.command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=probe.directory or None,
            start_new_session=True,  # so that its children end with it
        )
    except OSError as reason:
        return Reading(good=None, words=reason.strerror or str(reason))
    try:
        printed, _ = process.communicate(given.encode(), timeout=probe.timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Reading(good=None, words=f"no end after {probe.timeout} seconds")
    text = printed[:_MOST].decode(errors="replace")
    status = process.returncode
    if status == 0:
        return Reading(good=True, text=text, words="exit status 0")
    words = f"exit status {status}" if status > 0 else f"ended by signal {-status}"
    words += _SHELL_SAYS.get(status, "")
    return Reading(good=None, text=text, words=words)


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
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    request = Request(  # noqa: S310  # the reader of cicd.yml lets only http and https through
        probe.url,
        data=None if payload is None else payload.encode(),
        headers={} if payload is None else {"Content-Type": "application/json"},
    )
    try:
        with urlopen(request, timeout=probe.timeout) as answer:  # noqa: S310  # the same
            text = answer.read(_MOST).decode(errors="replace")
            return Reading(
                good=answer.status in _GOOD, text=text, words=f"answered {answer.status}"
            )
    except HTTPError as answer:
        with answer:
            return Reading(good=False, words=f"answered {answer.code}")
    except URLError as reason:
        return Reading(good=False, words=f"no answer: {reason.reason}")
    except (OSError, HTTPException) as reason:
        return Reading(good=False, words=f"no answer: {reason}")
