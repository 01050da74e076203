"""
Record a terminal session as a picture: `docs/session.svg`, which the README shows.

    python tools/record.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from io import StringIO
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PICTURE = HERE / "docs" / "session.svg"
WIDTH = 106  # the longest line of today fits
SHOWN = 14  # lines of what a command prints, at most: the last ones
COMMANDS = (
    "cicd init --runner host",
    "cicd lint",
    "cicd build",
    "git add . && git commit -qm 'Build it with cicd'",
    "cicd pipeline run",
    "cicd status",
)


def main() -> int:
    """Type the commands in a scratch repository, and draw what they print."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=StringIO(), force_terminal=True)
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch, "site")
        place.mkdir()
        (place / "index.html").write_text("<p>Hello</p>\n", "utf-8")
        subprocess.run(["git", "init", "-q", "-b", "main", place], check=True)
        for command in COMMANDS:
            console.print(Text.assemble(("$ ", "green"), (command, "bold")))
            lines = _said(command, place).replace(scratch, "~").splitlines()
            if len(lines) > SHOWN:
                console.print(Text("…", "dim"))
            for line in lines[-SHOWN:]:
                shown = Text.from_ansi(line)
                shown.truncate(WIDTH, overflow="ellipsis")
                console.print(shown)
    picture = console.export_svg(title="cicd", unique_id="session")
    PICTURE.write_text(picture, "utf-8")
    print(f"written to {PICTURE}")
    return 0


def _said(command: str, place: Path) -> str:
    names = {"GIT_AUTHOR_NAME": "you", "GIT_COMMITTER_NAME": "you"}
    mails = {"GIT_AUTHOR_EMAIL": "you@example.com", "GIT_COMMITTER_EMAIL": "you@example.com"}
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=place,
        env={
            **os.environ,
            **names,
            **mails,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "CICD_HOME": str(place / ".cicd"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    return done.stdout.decode("utf-8", "replace")


if __name__ == "__main__":
    sys.exit(main())
