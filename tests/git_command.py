"""Git, as tests call it."""

import subprocess


def git(directory, *words):
    """Run git as somebody with a name; it has to succeed. Gives what it said."""
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "tag.gpgSign=false")
    done = subprocess.run(
        ["git", *who, *words], cwd=directory, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
