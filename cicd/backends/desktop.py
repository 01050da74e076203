"""Notifications on this machine's desktop: notify-send, or osascript on macOS."""

from __future__ import annotations

import json
import shutil
import subprocess

from cicd.observe.words import event_words
from cicd.ports import Reading


def notify(payload: str, timeout: int) -> Reading:
    """Show an event; not good where this machine has nothing to show it with."""
    said = event_words(json.loads(payload))
    title = f"{said.name}: {said.state}"
    text = f"{said.kind} {said.place}".rstrip()
    if program := shutil.which("notify-send"):
        urgency = "critical" if said.bad else "normal"
        command = [program, "--app-name=cicd", f"--urgency={urgency}", "--", title, text]
    elif program := shutil.which("osascript"):
        # As arguments, not as text of the script: a name may hold a quote.
        script = "on run a\ndisplay notification (item 2 of a) with title (item 1 of a)\nend run"
        command = [program, "-e", script, title, text]
    else:
        return Reading(good=False, words="there is neither notify-send nor osascript")
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Reading(good=False, words=f"no end after {timeout} seconds")
    except OSError as reason:
        return Reading(good=False, words=reason.strerror or str(reason))
    answer = ended.stderr.decode(errors="replace").strip().partition("\n")[0]
    return Reading(good=ended.returncode == 0, words=answer or f"exit status {ended.returncode}")
