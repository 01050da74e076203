"""The bench: a program of others that fails, or is not here, is not measured, and no miss."""

import shlex
import sys
from math import isnan
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import bench

    yield bench
    for name in [name for name in sys.modules if name.startswith(("bench", "lint_corpus"))]:
        del sys.modules[name]


@pytest.fixture
def measuring(bench):
    return sys.modules["bench_measure"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("sh", "-c", "echo one; echo it cannot >&2; exit 3"), "sh ends with 3: it cannot"),
        (("no-such-program",), "no-such-program does not start: No such file or directory"),
    ],
)
def test_a_program_of_others_that_fails_is_not_measured(measuring, command, why, tmp_path, capsys):
    row = {"theirs": command, "ours": (measuring.PYTHON, "-c", "pass")}
    least = measuring.measure("A row", row, tmp_path, 1)
    assert isnan(least["theirs"])
    assert 0 < least["ours"] < 60
    assert f"  theirs: not measured: {why}\n" in capsys.readouterr().out


def test_one_that_fails_after_its_first_run_is_not_measured(measuring, tmp_path):
    command = ("sh", "-c", "mkdir once")
    least = measuring.measure("A row", {"a": command, "b": ("true",)}, tmp_path, 2)
    assert (True, False) == (isnan(least["a"]), isnan(least["b"]))


def test_a_goal_against_what_was_not_measured_is_not_missed(measuring, capsys):
    assert measuring.goal("as fast", 1.0, 1.15 * float("nan") + 0.1)
    assert "  not measured: as fast\n" == capsys.readouterr().out
    assert not measuring.goal("as fast", 1.0, 0.5)


def test_one_of_ours_that_fails_is_a_miss_and_not_the_end_of_the_bench(
    bench, measuring, tmp_path, capsys
):
    def ours(directory, runs):
        """A row."""
        measuring.measure("A row", {"p": (measuring.PYTHON, "-c", "exit(7)")}, directory, runs)

    def theirs(directory, _runs):
        """Another row."""
        measuring.run(("false",), directory)

    assert not bench.measured(ours, tmp_path, 1)
    assert bench.measured(theirs, tmp_path, 1)
    said = capsys.readouterr().out
    assert "MISSED  python ends with 7" in said
    assert "Another row: not measured: false ends with 1" in said


def test_the_program_that_is_on_the_path_is_used(measuring, monkeypatch, tmp_path):
    program = tmp_path / "rival"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(program) == measuring.installed("rival-package", "rival", tmp_path)


def test_one_that_cannot_be_installed_says_why(measuring, monkeypatch, tmp_path):
    pip = tmp_path / "environment-rival" / "bin" / "pip"
    pip.parent.mkdir(parents=True)
    pip.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    pip.chmod(0o755)
    monkeypatch.setattr(measuring, "PYTHON", "/bin/true")  # in place of `-m venv`
    with pytest.raises(measuring.Ended, match="pip ends with 1: no network") as told:
        measuring.installed("rival", "no-such-rival", tmp_path)
    assert not told.value.ours


@pytest.mark.parametrize(("status", "found"), [(0, True), (14, True), (1, False), (127, False)])
def test_a_linter_of_others_may_find_something_but_must_not_break(
    bench, monkeypatch, tmp_path, capsys, status, found
):
    templates = sys.modules["bench_templates"]
    corpus = tmp_path / "corpus" / "pipeline"
    corpus.mkdir(parents=True)
    (corpus / "a.yml").write_text("AWSTemplateFormatVersion: '2010-09-09'\nResources: {}\n")
    monkeypatch.setattr(templates, "corpus", lambda: tmp_path / "corpus")
    monkeypatch.setattr(templates, "CICD", "true")
    monkeypatch.setattr(templates, "installed", lambda *_: str(tmp_path / "cfn-lint"))
    (tmp_path / "cfn-lint").write_text(f"#!/bin/sh\nexit {shlex.quote(str(status))}\n")
    (tmp_path / "cfn-lint").chmod(0o755)
    templates.templates(tmp_path, 1)
    assert found is ("not measured" not in capsys.readouterr().out)
