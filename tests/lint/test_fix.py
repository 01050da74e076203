"""Safe corrections: only what is unambiguous, and nothing but that."""

import os
import random
import sys
from itertools import islice, zip_longest
from pathlib import Path

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.document.load import load_bytes
from cicd.errors import DocumentError
from cicd.lint.check import check_content
from cicd.lint.documents import Candidate, Kind
from cicd.lint.fix import corrected

HERE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(HERE / "tools"))

import lint_mutants  # noqa: E402

P = "version: 0.2\nphases:\n  build:\n    commands: [make]\n"
A = "version: 0.0\nos: linux\nfiles:\n  - source: /\n    destination: /srv\n"


def fixed(text, tmp_path, name="buildspec.yml"):
    given = text if isinstance(text, bytes) else text.encode()
    path = tmp_path / name
    after, count = corrected(Candidate(path=path, name=name, given=True), None, given)
    return after.decode("utf-8"), count


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (P.replace("build:", "biuld:  # here"), P.replace("build:", "build:  # here")),
        (P + "artefacts:\n  files: [a]\n", P + "artifacts:\n  files: [a]\n"),
        (P + '"artefacts": {files: [a]}\n', P + '"artifacts": {files: [a]}\n'),
        (
            P.replace(" [make]", '\n      - echo "a: b"\n'),
            P.replace(" [make]", "\n      - 'echo \"a: b\"'\n"),
        ),
        (
            P.replace("  build:", "  install:\n    runtime-versions: {python: 3.10}\n  build:"),
            P.replace("  build:", '  install:\n    runtime-versions: {python: "3.10"}\n  build:'),
        ),
    ],
)
def test_a_buildspec_is_corrected_and_the_rest_stays(before, after, tmp_path):
    assert (after, 1) == fixed(before, tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (A.replace("0.0", '"0.0"'), A),
        (A.replace("linux", "Linux  # all of them"), A.replace("linux", "linux  # all of them")),
        (A + "file_exists_behavior: retain\n", A + "file_exists_behavior: RETAIN\n"),
        (
            A + "permissions: [{object: /srv, mode: 0755}]\n",
            A + 'permissions: [{object: /srv, mode: "0755"}]\n',
        ),
        (
            A + "hooks:\n  afterinstall:\n    - location: a.sh\n",
            A + "hooks:\n  AfterInstall:\n    - location: a.sh\n",
        ),
    ],
)
def test_an_appspec_is_corrected_and_the_rest_stays(before, after, tmp_path):
    assert (after, 1) == fixed(before, tmp_path, "appspec.yml")


@pytest.mark.parametrize(
    "text",
    [
        P + "deploy: 1\n",  # near to nothing
        P.replace("build:", "phases:"),
        A.replace("0.0", "0.1"),
        "version: 0.2\n\tphases:\n",
        P.replace(" [make]", "\n      - a: b\n        c: d\n"),
    ],
)
def test_what_is_not_clear_is_left_alone(text, tmp_path):
    name = "appspec.yml" if "os:" in text else "buildspec.yml"
    assert (text, 0) == fixed(text, tmp_path, name)


def test_marks_and_line_ends_stay(tmp_path):
    before = b"\xef\xbb\xbf" + (P + "artefacts: {files: [a]}\n").replace("\n", "\r\n").encode()
    expected = before.decode().replace("artefacts", "artifacts")
    assert (expected, 1) == fixed(before, tmp_path)


def test_a_correction_that_shows_another_one_is_followed_by_it(tmp_path):
    text = "version: 0.2\nphases:\n  pre-build:\n    comands: [make]\n"
    assert (text.replace("-b", "_b").replace("comands", "commands"), 2) == fixed(text, tmp_path)


def test_diff_shows_and_changes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    wrong = P.replace("build:", "biuld:")
    (tmp_path / "buildspec.yml").write_text(wrong)
    assert 0 == run(cicd, ["lint", "--fix", "--diff"])
    said = capsys.readouterr().out
    assert "-  biuld:\n+  build:\n" in said
    assert wrong == (tmp_path / "buildspec.yml").read_text()


def test_fix_writes_and_then_says_what_is_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "buildspec.yml"
    path.write_text(P.replace("build:", "biuld:") + "other: 1\n")
    path.chmod(0o640)
    assert 0 == run(cicd, ["lint", "--fix"])
    assert P + "other: 1\n" == path.read_text()
    assert 0o640 == path.stat().st_mode & 0o777
    said = capsys.readouterr().err
    assert "buildspec.yml: 1 correction made" in said
    assert "'other' is not a key" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "version: 0.2\nphases:\n\tbuild:\n\t\tcommands: # all\n\t\t\t- make\t-j\n",
            "version: 0.2\nphases:\n  build:\n    commands: # all\n      - make\t-j\n",
        ),
        (
            "version: 0.2\r\nphases:\r\n\tbuild: {commands: [make]}\r\n",
            "version: 0.2\r\nphases:\r\n  build: {commands: [make]}\r\n",
        ),
    ],
)
def test_tabs_before_a_line_become_blanks(before, after, tmp_path):
    assert (after, 1) == fixed(before, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "phases:\n    build:\n\tcommands: [make]\n",  # a tab of four or of eight
        "version: 0.2\nphases: {\n\tbuild: [\n",
        "version: 0.2\nphases:\t- a\n",
    ],
)
def test_tabs_that_may_mean_two_documents_are_left_alone(text, tmp_path):
    assert (text, 0) == fixed(text, tmp_path)


def test_a_mark_that_the_agent_does_not_take_is_taken_off(tmp_path):
    assert (A, 1) == fixed(b"\xef\xbb\xbf" + A.encode(), tmp_path, "appspec.yml")


CORPUS = Path(os.environ.get("CICD_CORPUS", HERE.parent / "shared" / "corpus"))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus")
def test_corrections_of_faults_in_published_files_are_whole():
    """Once is enough, nothing correctable is left, no error is new, and other lines stay."""
    dice = random.Random(7)
    tried = 0
    for candidate, content, before, folder in islice(lint_mutants.sound(CORPUS), 0, None, 4):
        try:
            node = load_bytes(content, candidate.name, json=candidate.is_json(content))
        except DocumentError:
            continue  # an AppSpec with equal keys, which the agent takes
        kind = lint_mutants.KINDS.get(folder) or before.kind
        template = before.kind is Kind.TEMPLATE
        for mutant in lint_mutants.mutants(node, dice, 3, template=template):
            given = mutant.text.encode()
            after, count = corrected(candidate, kind, given)
            assert (after, 0) == corrected(candidate, kind, after), candidate.name
            if not count:
                assert given == after
                continue
            tried += 1
            old, new = check_content(candidate, kind, given), check_content(candidate, kind, after)
            assert errors(new) <= errors(old), mutant
            if not old.readable:
                continue  # what is wrong behind the tabs comes to light when they are gone
            changed = {
                number
                for number, pair in enumerate(
                    zip_longest(given.splitlines(), after.splitlines()), start=1
                )
                if pair[0] != pair[1]
            }
            assert changed <= corrected_lines(old) | corrected_lines(new), mutant
    assert tried > 20


def errors(checked):
    return sum(problem.severity == "error" for problem in checked.problems)


def corrected_lines(checked):
    """Every line that some correction is about."""
    return {
        line
        for problem in checked.problems
        if problem.fix is not None
        for edit in problem.fix.edits
        for line in range(edit.span.line, edit.span.end_line + 1)
    }
