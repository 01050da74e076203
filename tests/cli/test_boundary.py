"""What a person and a program see when something cannot be done."""

import json

import click
import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.errors import ExitCode, Unavailable


def _ends_with(failure: BaseException):
    @click.command()
    def command() -> None:
        raise failure

    return command


def test_an_unknown_command_is_answered_with_the_one_that_was_meant(capsys):
    assert run(cicd, ["biuld"]) == ExitCode.USAGE
    assert (
        capsys.readouterr().err
        == "error: 'biuld' is not a command of cicd\nhint: did you mean 'build'?\n"
    )


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("--projct", "'--project'"),
        ("--dry-run", "'--plan'"),
        ("--imgae", "'--home' or '--image' or '--timeout'"),
    ],
)
def test_options_that_were_meant_are_said_once(capsys, word, meant):
    assert run(cicd, ["build", word, "x"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert f"error: No such option '{word}'\nhint: did you mean {meant}?\n" == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("builds list --status bogus", "'--status': 'bogus' is not one of SUCCEEDED, FAILED, "),
        ("completion tcsh", "'tcsh' is not one of 'bash', 'zsh', 'fish'\n"),
    ],
)
def test_a_word_that_is_none_of_some_is_told_with_them(capsys, words, said):
    assert run(cicd, words.split()) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_a_refusal_keeps_message_and_hint_apart(capsys):
    failure = Unavailable("no engine answers", hint="start it")
    assert run(_ends_with(failure), []) == ExitCode.UNAVAILABLE
    assert capsys.readouterr().err == "error: no engine answers\nhint: start it\n"


def test_a_program_gets_a_refusal_as_an_object(capsys):
    @click.command()
    @click.option("--output")
    def command(output: str) -> None:
        raise Unavailable("no engine answers", hint=output)

    assert run(command, ["--output", "json"]) == ExitCode.UNAVAILABLE
    said = json.loads(capsys.readouterr().out)
    assert said == {"error": {"message": "no engine answers", "hint": "json", "exitCode": 4}}


def test_a_bug_is_reported_in_a_file_and_shows_no_traceback(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(_ends_with(RuntimeError("inside")), []) == ExitCode.BUG
    said = capsys.readouterr().err
    assert "Traceback" not in said
    (report,) = tmp_path.iterdir()
    assert str(report) in said
    assert "RuntimeError: inside" in report.read_text()


def test_a_bug_whose_report_finds_no_room_is_told_all_the_same(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert run(_ends_with(RuntimeError("inside")), []) == ExitCode.BUG
    shown = capsys.readouterr().err
    assert "a bug in cicd: RuntimeError" in shown
    assert "could not be written: No such file or directory" in shown


@pytest.mark.parametrize("status", [0, 1])
def test_what_ends_the_process_from_inside_is_told_and_never_a_success(
    capsys, tmp_path, monkeypatch, status
):
    """Such as a plugin that says ``sys.exit()``."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run(_ends_with(SystemExit(status)), []) == ExitCode.BUG
    assert "what was loaded ends the process" in next(tmp_path.iterdir()).read_text()
    assert "a bug in cicd" in capsys.readouterr().err


def test_an_interrupt_ends_with_its_own_status():
    assert run(_ends_with(KeyboardInterrupt()), []) == ExitCode.INTERRUPTED


def test_help_lists_every_command_without_importing_one(capsys):
    assert run(cicd, ["--help"]) == ExitCode.SUCCEEDED
    said = capsys.readouterr().out
    for name in ("build", "builds", "pipeline", "deploy", "lint", "doctor", "completion"):
        assert f"  {name} " in said


def test_an_end_of_a_file_that_nobody_typed_is_no_interrupt(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # Such as Python gives for a compiled file that was cut off by a full disk.
    assert run(_ends_with(EOFError("marshal data too short")), []) == ExitCode.BUG
    assert "error: a bug in cicd: EOFError" in capsys.readouterr().err


def test_an_answer_that_ends_with_ctrl_d_is_an_interrupt():
    assert run(_ends_with(click.exceptions.Abort()), []) == ExitCode.INTERRUPTED
