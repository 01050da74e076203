"""What a comment passes over, and what a baseline remembers."""

import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd

BAD = "version: 0.2\nphases:\n  build:\n    commands:\n      - exit 0{here}\n      - make\n"


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def counts(text, place, capsys, *more):
    (place / "buildspec.yml").write_text(text)
    run(cicd, ["lint", "--output", "json", *more])
    return json.loads(capsys.readouterr().out.splitlines()[-1])["counts"]


@pytest.mark.parametrize(
    "text",
    [
        BAD.format(here="  # cicd-lint: ignore=build/exit-zero"),
        BAD.format(here="  # meant. cicd-lint: ignore=build/asks, build/exit-zero")
        .replace("meant. ", "")
        .replace("asks, ", "asks,"),
        BAD.format(here="").replace(
            "      - exit", "      # cicd-lint: ignore=build/exit-zero\n      - exit"
        ),
        BAD.format(here="").replace(
            "      - exit", "      # cicd-lint: ignore=build/*\n      # as agreed\n      - exit"
        ),
        "# cicd-lint: ignore-file=build/exit-zero\n" + BAD.format(here=""),
    ],
)
def test_what_a_comment_names_is_passed_over(text, place, capsys):
    assert {"error": 0, "warning": 0, "note": 0} == counts(text, place, capsys)


@pytest.mark.parametrize(
    "here", ["", "  # cicd-lint: ignore=build/asks", "\n      # cicd-lint: ignore=build/exit-zero"]
)
def test_what_no_comment_of_its_place_names_is_told(here, place, capsys):
    assert 1 == counts(BAD.format(here=here), place, capsys)["warning"]


def test_a_baseline_hides_what_was_there_wherever_it_moves(place, capsys):
    (place / "buildspec.yml").write_text(BAD.format(here=""))
    assert 0 == run(cicd, ["lint", "--baseline", "known.json", "--write-baseline"])
    capsys.readouterr()
    moved = "# a line more\n" + BAD.format(here="")
    assert 0 == counts(moved, place, capsys, "--baseline", "known.json")["warning"]
    twice = moved.replace("      - make", "      - exit 0\n      - make")
    assert 1 == counts(twice, place, capsys, "--baseline", "known.json")["warning"]


@pytest.mark.parametrize("text", ["", "[]", '{"version": 2, "problems": []}', '{"version": 1}'])
def test_what_is_no_baseline_is_refused(text, place, capsys):
    (place / "buildspec.yml").write_text(BAD.format(here=""))
    (place / "known.json").write_text(text)
    assert 2 == run(cicd, ["lint", "--baseline", "known.json"])
    assert "'known.json' is not a baseline" in capsys.readouterr().err
