"""Artifacts that go by themselves, as the settings say."""

import os
import time

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.errors import UsageError
from cicd.settings import load_settings
from tests.cli.test_events import here as _here

here = _here
DAY = 86400


@pytest.fixture
def ran(here, capsys):
    """Give a function that runs the pipeline on a page of its own; its artifact's file."""

    def make(text):
        import subprocess

        (here / "page").write_text(text)
        subprocess.run(("git", "add", "--all"), check=True)
        words = ("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", text)
        subprocess.run(("git", *words), check=True)
        before = set(zips(here))
        assert 0 == run(cicd, ["pipeline", "run"])
        return set(zips(here)) - before, capsys.readouterr().err

    return make


def zips(root):
    return list((root / ".cicd" / "artifacts").rglob("*.zip"))


def aged(paths, days):
    for path in paths:
        os.utime(path, (time.time() - days * DAY,) * 2)


def look_again(root):
    (root / ".cicd" / "artifacts-looked-at").unlink()


def test_what_is_too_old_goes_after_a_run_and_what_may_be_gone_back_to_stays(here, ran):
    first, said = ran("one")
    assert not (here / ".cicd" / "artifacts-looked-at").exists()  # nobody asked for it
    (here / ".cicd" / "config.toml").write_text('artifact_max_age = "7d"\n')
    second, _ = ran("two")
    aged(first | second, 8)
    third, said = ran("three")
    assert (set(), "removed" in said) == (first - set(zips(here)), False)  # once an hour
    look_again(here)
    _, said = ran("four")
    assert f"{len(first | second)} old artifact(s) removed" in said
    assert third < set(zips(here))
    assert set() == (first | second) & set(zips(here))
    look_again(here)
    aged(zips(here), 9)
    assert 0 == run(cicd, ["pipeline", "run"])  # of the same commit: its artifacts are used
    assert zips(here)


def test_the_oldest_beyond_the_size_go(here, ran, monkeypatch):
    first, _ = ran("one")
    second, _ = ran("two")
    aged(first, 3)
    aged(second, 2)
    monkeypatch.setenv("CICD_ARTIFACT_MAX_SIZE", "1B")
    third, said = ran("three")
    assert third == set(zips(here)), said  # the newest stays, however large it is


@pytest.mark.parametrize(
    ("name", "written"), [("max_age", "soon"), ("max_size", "5"), ("max_size", "5XB")]
)
def test_a_limit_that_is_none_is_refused_before_anything_runs(tmp_path, name, written):
    environ = {f"CICD_ARTIFACT_{name.upper()}": written}
    with pytest.raises(UsageError) as refused:
        load_settings({}, environ, tmp_path)
    assert f"CICD_ARTIFACT_{name.upper()}: '{written}'" in refused.value.message
