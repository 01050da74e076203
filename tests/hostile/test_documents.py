"""Documents that nobody meant: one message each, status 2, 3 or 4, and nothing run."""

import os

import pytest

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "document/empty"),
        ("# nothing\n", "document/empty"),
        (b"a" * (1024 * 1024 + 1), "document/too-large"),
        (b"version: 0.2\nx: \xff\xfe\n", "document/encoding"),
        (b"\x7fELF\x00\x01", "document/binary"),
        ("[" * 500, "document/too-deep"),
        (BOMB, "document/too-many-values"),
        ("a: &a\n  b: *a\n", "document/alias"),
        ("a: b: c\n", "document/syntax"),
        ('a: "\\0"\n', "document/character"),
    ],
)
def test_a_document_that_cannot_be_read_is_one_problem_and_status_3(place, content, rule):
    place.write("buildspec.yml", content)
    ended = place.cicd("build")
    assert (3, "") == (ended.status, ended.out)
    assert f"error[{rule}]" in ended.err
    assert "1 error" == ended.err.splitlines()[-1]


def test_a_document_full_of_brackets_stops_at_the_first_hundred(place):
    place.write("buildspec.yml", "[" * 100_000)
    ended = place.cicd("build")
    assert (3, "") == (ended.status, ended.out)


@pytest.mark.parametrize("name", ["no.yml", "no/where.yml", "x" * 5000, "folder"])
def test_a_document_that_is_not_there_is_misuse(place, name):
    (place.path / "folder").mkdir()
    ended = place.cicd("build", "--buildspec", name)
    assert (2, "") == (ended.status, ended.out)
    error, hint = ended.err.splitlines()
    assert error.startswith("error: ")
    assert hint.startswith("hint: ")


def test_a_named_pipe_that_nobody_writes_to_is_not_waited_for(place):
    os.mkfifo(place.path / "pipe.yml")
    ended = place.cicd("build", "--buildspec", "pipe.yml")
    assert 3 == ended.status
    assert "error[document/empty]" in ended.err


def test_escape_sequences_of_a_document_do_not_reach_the_terminal(place):
    place.write(
        "buildspec.yml",
        'version: 0.2\n"\\e]0;title\\a": 1\nphases:\n  "b\\e[2Jx": {commands: [x]}\n',
    )
    ended = place.cicd("build")
    assert (3, False) == (ended.status, "\x1b" in ended.out + ended.err)
