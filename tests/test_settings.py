from pathlib import Path
from types import SimpleNamespace

import pytest

from cicd.errors import Unavailable, UsageError
from cicd.settings import Settings, find_home, load_settings
from tests.unprivileged import unprivileged


def load(start, flags=None, environ=None):
    return load_settings(flags or {}, environ or {}, start)


def config(home, text):
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_bytes(text if isinstance(text, bytes) else text.encode())


def test_without_any_choice_the_defaults_hold(tmp_path):
    assert Settings(home=tmp_path / ".cicd") == load(tmp_path)
    assert not (tmp_path / ".cicd").exists()


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(tmp_path):
    config(tmp_path / ".cicd", 'runner = "host"\njobs = 2\noutput = "json"\n')
    found = load(
        tmp_path,
        {"runner": "docker", "jobs": None},
        {"CICD_RUNNER": "sandbox", "CICD_JOBS": "3", "CICD_IMAGE": "python:3.12"},
    )
    assert ("docker", 3, "json", "python:3.12", "auto") == (
        found.runner,
        found.jobs,
        found.output,
        found.image,
        found.color,
    )


def test_an_empty_variable_counts_as_absent(tmp_path):
    empty = {"CICD_RUNNER": "", "CICD_HOME": "", "NO_COLOR": "", "CICD_JOBS": ""}
    assert load(tmp_path) == load(tmp_path, environ=empty)


def test_no_color_is_obeyed_unless_somebody_chose(tmp_path):
    assert "never" == load(tmp_path, environ={"NO_COLOR": "1"}).color
    assert "always" == load(tmp_path, {"color": "always"}, {"NO_COLOR": "1"}).color


def test_the_file_of_the_chosen_home_is_read(tmp_path):
    config(tmp_path / "elsewhere", "jobs = 5\n")
    for found in (
        load(tmp_path, {"home": "elsewhere"}, {"CICD_HOME": "/nowhere"}),
        load(tmp_path, environ={"CICD_HOME": str(tmp_path / "elsewhere")}),
    ):
        assert (tmp_path / "elsewhere", 5) == (found.home, found.jobs)


def test_a_home_is_found_upwards(tmp_path):
    (tmp_path / ".cicd").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert tmp_path / ".cicd" == find_home(tmp_path / "a" / "b")


def test_somebody_elses_home_in_a_shared_directory_serves_nobody_below_it(tmp_path, monkeypatch):
    home, here = tmp_path / ".cicd", tmp_path / "a"
    (home / "config.toml").parent.mkdir()
    (home / "config.toml").write_text('runner = "host"')
    here.mkdir()
    real = Path.stat

    def stat(path, **how):
        found = real(path, **how)
        return SimpleNamespace(st_mode=found.st_mode, st_uid=4321) if path == home else found

    monkeypatch.setattr(Path, "stat", stat)
    assert (here / ".cicd", None) == (load(here).home, load(here).runner)
    assert home == find_home(tmp_path)  # who works there has chosen it
    (tmp_path / ".git").mkdir()
    assert here / ".cicd" == find_home(here)
    monkeypatch.undo()
    assert home == find_home(here)


def test_a_home_outside_the_repository_is_not_its_home(tmp_path):
    (tmp_path / ".cicd").mkdir()
    (tmp_path / "repo" / ".git").mkdir(parents=True)
    (tmp_path / "repo" / "a").mkdir()
    assert tmp_path / "repo" / ".cicd" == find_home(tmp_path / "repo" / "a")


def test_a_linked_working_tree_ends_the_search_like_a_repository(tmp_path):
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    (tmp_path / "a").mkdir()
    assert tmp_path / ".cicd" == find_home(tmp_path / "a")


def test_a_file_named_like_a_home_is_not_one(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".cicd").write_text("")
    (tmp_path / ".cicd").mkdir()
    assert tmp_path / ".cicd" == find_home(tmp_path / "a")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('jobs = 1\nrunner = "host', ":2:15: unterminated string"),
        ("\n\n = 1", ":3:2: invalid statement"),
        ("jobs = 3\n\nrunnner = 'x'\n", ":3: 'runnner' is not a setting"),
        ("jobs = 1.5", ":1: 'jobs' takes a text or a number"),
        ("jobs = true", ":1: 'jobs' takes a text or a number"),
        ("\n[runner]\nx = 1", ":2: 'runner' takes a text or a number"),
        ("jobs = 0", ":1: '0' is not a number of jobs"),
        ("jobs = 257", ":1: '257' is not a number of jobs"),
        ("jobs = 99999999999999999999", ":1: '99999999999999999999' is not a number of jobs"),
        ('output = "xml"', ":1: 'xml' is not one of human, plain, json"),
        ("image = 3", ":1: '3' is not a name"),
        ("runner = ' '", ":1: ' ' is not a name"),
        (b"runner = '\xff'", " is not UTF-8 at byte 10"),
    ],
)
def test_a_wrong_file_says_where_and_what(tmp_path, text, message):
    config(tmp_path / ".cicd", text)
    with pytest.raises(UsageError) as caught:
        load(tmp_path)
    assert caught.value.message.startswith(f"{tmp_path / '.cicd' / 'config.toml'}{message}")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("flags", "environ", "message"),
    [
        ({"output": "xml"}, {}, "--output: 'xml' is not one of human, plain, json"),
        ({}, {"CICD_COLOR": "red"}, "CICD_COLOR: 'red' is not one of auto, always, never"),
        ({}, {"CICD_JOBS": "many"}, "CICD_JOBS: 'many' is not a number of jobs"),
        ({}, {"CICD_JOBS": "-1"}, "CICD_JOBS: '-1' is not a number of jobs"),
        ({}, {"CICD_JOBS": "²"}, "CICD_JOBS: '²' is not a number of jobs"),
        ({"jobs": 0}, {}, "--jobs: '0' is not a number of jobs"),
    ],
)
def test_a_wrong_flag_or_variable_is_named(tmp_path, flags, environ, message):
    with pytest.raises(UsageError) as caught:
        load(tmp_path, flags, environ)
    assert message == caught.value.message


def test_a_file_that_cannot_be_read_is_unavailable(tmp_path):
    (tmp_path / ".cicd" / "config.toml").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"config\.toml cannot be read"):
        load(tmp_path)


def test_a_home_that_is_not_open_to_the_user_is_told_as_that(tmp_path):
    home = tmp_path / ".cicd"
    home.mkdir()
    home.chmod(0)
    with unprivileged(), pytest.raises(Unavailable) as caught:
        load(tmp_path, {"home": str(home)})
    home.chmod(0o700)
    assert f"{home} is not open to you: Permission denied" == caught.value.message
    assert "name one of your own with --home or CICD_HOME" in caught.value.hint


def test_a_home_below_a_file_is_no_matter_of_the_settings(tmp_path):
    (tmp_path / "file").write_text("")
    assert tmp_path / "file" / "x" == load(tmp_path, {"home": "file/x"}).home


def test_a_tilde_is_the_users_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path / "state" == load(Path("/"), {"home": "~/state"}).home
