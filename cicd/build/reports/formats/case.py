"""A test case as formats put it together: names cut, messages joined, durations read."""

from __future__ import annotations

import re
from math import isfinite

from cicd.build.reports.model import MAX_READ, CaseStatus, TestCase

_LONGEST = 1e9  # seconds; what is longer is no duration
# How pytest closes a failure's text: "tests/test_cart.py:14: AssertionError".
_LAST_PLACE = re.compile(r"^([^\s:]+:\d+): \S*$")
# Frames of .NET ("in /src/CartTests.cs:line 14"), of Java ("(CartTest.java:14)") and of
# Cucumber and JavaScript ("features/cart.feature:14:3"). None of them may look at a place twice:
# texts are long, and anybody's.
_FRAMES = (
    re.compile(r" in (\S+):line (\d+)"),
    re.compile(r"\(([\w$.-]+\.(?:java|kt|groovy|scala)):(\d+)\)"),
    re.compile(r"(?<![\w@./-])([\w@./-]+\.(?:feature|rb|py|[cm]?[jt]sx?|go|php)):(\d+)"),
)
_LINE = 500  # characters of a line of text in which a frame may stand
_INSIDES = ("org.testng.", "org.junit.", "java.base/", "jdk.internal.", "node_modules/")
_CLOCK = re.compile(r"(?:(\d{1,6})\.)?(\d{1,6}):(\d{1,2}):(\d{1,2}(?:\.\d{1,12})?)")


def made_case(
    *,
    name: str,
    status: CaseStatus,
    suite: str = "",
    prefix: str = "",
    seconds: float = 0.0,
    message: str = "",
    text: str = "",
    where: str = "",
) -> TestCase:
    """Make a case; ``text`` is what a failure says at length, often its message again."""
    message, text = message.strip(), text.strip()
    if text.startswith(message):
        message = text
    elif text not in message:
        message = f"{message}\n{text}"
    return TestCase(
        name=name[:MAX_READ],
        suite=suite[:MAX_READ],
        prefix=prefix[:MAX_READ],
        status=status,
        seconds=seconds,
        message=message[:MAX_READ],
        where=(where or (place_in(text) if text else ""))[:MAX_READ],
    )


def place_in(text: str) -> str:
    """Give the "file:line" that a failure's text ends with, or that its first own frame names."""
    last = _LAST_PLACE.match(text.rpartition("\n")[2])
    if last is not None:
        return last[1]
    for frame in _FRAMES:
        for line in text.split("\n"):
            found = frame.search(line[:_LINE])
            if found is not None and not any(inside in line for inside in _INSIDES):
                return f"{found[1]}:{found[2]}"
    return ""


def seconds_of(text: str) -> float:
    """
    Read a number of seconds; 0 for what is none, or negative.

    Some writers put thousands separators in, and some use their country's: "1,234.5",
    "1.234,5", "0,25".
    """
    text = text.strip()
    if len(text) > 40:
        return 0.0
    if "," in text:
        whole, _, rest = text.rpartition(",")
        if "." in rest or (len(rest) == 3 and "." not in whole and whole != "0"):
            text = text.replace(",", "")
        else:
            text = f"{whole.replace('.', '').replace(',', '')}.{rest}"
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return bounded(seconds)


def clock_seconds_of(text: str) -> float:
    """Read a duration as .NET writes it: "00:00:01.2345678", with days as "1.00:00:00"."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        return seconds_of(text)
    days, hours, minutes = int(found[1] or 0), int(found[2]), int(found[3])
    return bounded(((days * 24 + hours) * 60 + minutes) * 60 + float(found[4]))


def bounded(seconds: float) -> float:
    """Give 0 for what cannot be a duration: negative, endless, not a number."""
    return seconds if isfinite(seconds) and 0 <= seconds < _LONGEST else 0.0


def count_of(text: str) -> int:
    """Read a count; 0 for what is none, or negative."""
    text = text.strip()
    return int(text) if len(text) < 12 and text.isascii() and text.isdigit() else 0
