"""What other users of the machine can see, whatever the umask and however the home was made."""

import os
import stat
from contextlib import contextmanager

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

BUILDSPEC = """version: 0.2
env: {variables: {A: plain}}
phases: {build: {commands: [echo made > made.txt]}}
artifacts: {files: [made.txt]}
"""


@contextmanager
def a_umask_of(mask):
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def test_a_home_that_git_made_for_its_settings_shows_nothing_of_what_ran(tmp_path, monkeypatch):
    home = tmp_path / ".cicd"
    home.mkdir()
    home.chmod(0o755)
    (home / "config.toml").write_text("runner = 'host'\n")
    (tmp_path / "buildspec.yml").write_text(BUILDSPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(home))
    with a_umask_of(0):
        assert 0 == run(cicd, ["build"])
    others = stat.S_IRWXG | stat.S_IRWXO
    open_to_others = {each.name for each in home.iterdir() if each.stat().st_mode & others}
    # None of these tells anything: a number and a digest, an empty file, and two of settings.
    assert {".gitignore", "config.toml", "audit.head", "state.db.lock"} == open_to_others
    assert {"state.db", "logs", "sessions", "artifacts"} < {each.name for each in home.iterdir()}
