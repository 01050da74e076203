"""A repository with a remote, and pushes out of it, for the tests of what comes before a push."""

import os
import subprocess
import sys
from pathlib import Path

CICD = str(Path(sys.executable).parent / "cicd")
ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_ALLOW_PROTOCOL": "file",
}


def environment(**more):
    """This process's environment, without what the user's git or cicd is told."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("CICD_", "GIT_"))}
    return {**kept, **ENVIRONMENT, **more}


def run(directory, *command, **more):
    """Run a program; gives its status and all that it said."""
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment(**more),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout.decode()


def git(directory, *words, **more):
    """Run git, which has to succeed; gives what it said."""
    status, said = run(directory, "git", *words, **more)
    assert status == 0, said
    return said.strip()


def commit(directory, files, message="a message"):
    """Write files, and commit all that is there."""
    for name, content in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    git(directory, "add", "-A")
    git(directory, "commit", "-q", "--allow-empty", "-m", message)


def make(directory, name="app"):
    """Make a repository and the bare one that it is pushed to."""
    remote, here = directory / "remote.git", directory / name
    git(directory, "init", "-q", "--bare", "-b", "main", str(remote))
    git(directory, "init", "-q", "-b", "main", str(here))
    git(here, "remote", "add", "origin", str(remote))
    return here


def cicd(directory, *words, **more):
    """Run cicd; gives its status and all that it said."""
    return run(directory, CICD, *words, **more)
