"""The picture of a session in the README: whole lines, of the commands that make it."""

import re
from html import unescape
from pathlib import Path

from tools.record import COMMANDS

PICTURE = Path(__file__).parents[2] / "docs" / "session.svg"
DRAWN = re.compile(r'<text class="session-r[^>]* x="[\d.]+" y="([\d.]+)"[^>]*>(.*?)</text>')


def lines():
    """Give the lines of the picture as they are read."""
    rows = {}
    for row, piece in DRAWN.findall(PICTURE.read_text("utf-8")):
        rows[row] = rows.get(row, "") + unescape(piece).replace("\xa0", " ")
    return [line.rstrip() for line in rows.values()]


def test_the_picture_shows_the_commands_that_are_recorded():
    typed = {f"$ {command}" for command in COMMANDS}
    assert list(COMMANDS) == [line[2:] for line in lines() if line in typed]


def test_no_line_of_the_picture_is_cut():
    assert [] == [line for line in lines() if line.endswith("…") and line != "…"]
