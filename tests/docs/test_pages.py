"""
The console blocks of pages, typed in a scratch directory, and what is printed held against them.

A line of ``$ `` is typed, those of ``> `` below it with it; the others are what it prints, where
``…`` is any text, and alone on a line any lines.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("tutorial.md", "everyday.md", "pipelines.md")
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
ANY_LINES = "(?:.*\n)*?"


def steps(page):
    """Give each command of a page, and the lines that it is to print."""
    found = []
    for block in BLOCK.findall((DOCS / page).read_text("utf-8")):
        for line in block.splitlines():
            if line.startswith("$ ") and not _is_echo(line, found):
                found.append((line[2:], []))
            elif line.startswith(">") and not found[-1][1]:
                found[-1] = (f"{found[-1][0]}\n{line[2:]}", [])
            else:
                found[-1][1].append(line)
    return found


def _is_echo(line, found):
    """Tell a line that a build prints of its own command from one that is typed."""
    return bool(found) and found[-1][0].startswith("cicd build") and "unittest" in line


def pattern(lines):
    """Make a pattern of the lines that are to be printed; a space is any number of them."""
    return "".join(ANY_LINES if line == "…" else _line(line) for line in lines)


def _line(line):
    texts = (" +".join(map(re.escape, text.split(" "))) for text in line.split("…"))
    return "[^\n]*".join(texts).replace(" +[^\n]*", " *[^\n]*") + " *\n"


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_is_what_happens(page, tmp_path):
    place, ended = tmp_path / "work", tmp_path / "ended"
    place.mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CICD_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }
    assert steps(page)
    for command, lines in steps(page):
        done = subprocess.run(
            ["sh", "-c", f"{command}\nstatus=$?\npwd >'{ended}'\nexit $status"],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        place = Path(ended.read_text().rstrip("\n"))
        said = done.stdout.decode()
        assert re.fullmatch(pattern(lines), said), f"$ {command}\n{said}\n{pattern(lines)}"
