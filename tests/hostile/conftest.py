"""The installed program as its users run it: words in; a status and two texts out."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import cicd

PROGRAM = str(Path(cicd.__file__).parents[1])  # where an interpreter elsewhere finds it
BUILDSPEC = "version: 0.2\nphases:\n  build:\n    commands:\n      - echo hi\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one run ended."""

    status: int
    out: str
    err: str


class Place:
    """A directory with a buildspec, to run ``cicd`` in."""

    def __init__(self, path):
        """Put a buildspec there."""
        self.path = path
        self.write("buildspec.yml", BUILDSPEC)

    def write(self, name, content):
        """Write a file, of text or bytes, with the directories above it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def cicd(self, *words, environ=None, limit=None, **streams):
        """Run it; a run that writes a traceback is no run that may end well."""
        variables = {n: v for n, v in os.environ.items() if not n.startswith("CICD_")}
        variables |= {"CICD_RUNNER": "host", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": PROGRAM}
        variables |= environ or {}
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        done = subprocess.run(
            [sys.executable, "-m", "cicd", *words],
            cwd=self.path,
            env=variables,
            stdin=subprocess.DEVNULL,
            preexec_fn=limit,
            check=False,
            timeout=60,
            **streams,
        )
        out, err = (
            (text or b"").decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr)
        )
        assert "Traceback" not in out + err
        return Ended(status=done.returncode, out=out, err=err)


@pytest.fixture
def place(tmp_path):
    """Give an empty directory with a buildspec in it."""
    (tmp_path / "here").mkdir()
    return Place(tmp_path / "here")
