import io
from random import Random
from re import search, sub

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.cli.show.coloured import coloured
from cicd.cli.show.human import Human
from cicd.cli.show.plain import Plain
from cicd.ports import LogBlock, LogLine
from cicd.testing.clock import START

STEERING = {
    "a title": "\x1b]0;mine\x07",
    "a title, ended by ST": "\x1b]2;mine\x1b\\",
    "a title without an end": "\x1b]0;mine",
    "the clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "a wiped screen": "\x1b[2J\x1b[H",
    "a question to the terminal": "\x1b[6n\x1b[c",
    "another screen": "\x1b[?1049h",
    "a reset": "\x1bc",
    "a screen of Es": "\x1b#8",
    "another alphabet": "\x1b(0\x0e",
    "a private string": "\x1b_Gi=31;AAAA\x1b\\",
    "a device string": "\x1bP+q544e\x1b\\",
    "controls of eight bits": "\x9b2J\x9d0;mine\x9c",
    "steps back": "\x08\x08\x7f\x0b",
    "an escape alone": "\x1b",
    "a colour without an end": "\x1b[" + "9" * 5000 + "m",
}


@pytest.mark.parametrize("sequence", STEERING.values(), ids=STEERING)
def test_nothing_but_what_was_written_is_left_of_a_sequence_that_steers(sequence):
    assert "before" == coloured(f"before{sequence}")
    assert "before\x1b[1mafter" == coloured(f"before{sequence}\x1b[1mafter")


def test_a_link_is_its_words():
    assert "see here" == coloured("see \x1b]8;;file:///etc/passwd\x1b\\here\x1b]8;;\x1b\\")


def test_colours_tabs_and_letters_of_all_people_stay():
    line = "\x1b[31mred\x1b[0m\t\x1b[38;2;1;2;3mÄ שלום 日本 👩\u200d💻\x1b[m"
    assert line == coloured(line)


def test_what_turns_the_direction_of_writing_is_seen():
    assert "rm �txt.sh" == coloured("rm \u202etxt.sh")


@given(st.text(alphabet="\x1b[]();:019mAJPX?8\\\x07\x08 x\x9b\x9c\x9d\x7f\u202e", max_size=20))
def test_whatever_comes_only_colours_are_left(line):
    assert None is search(
        "[\x00-\x1f\x7f-\x9f\u202e]", sub(r"\x1b\[[0-9;:]*m", "", coloured(line))
    )


class Terminal(io.StringIO):
    def isatty(self):
        return True


def a_line(text):
    return LogLine(at=START, origin="BUILD/1", text=text)


def test_a_line_steers_no_terminal_and_a_pipe_has_it_as_it_was():
    seen = []
    for out in (Terminal(), io.StringIO()):
        plain = Plain(out, out)
        plain.line("build/a:1", a_line("\x1bcone"))
        plain.block("build/a:1", LogBlock(at=START, origin="BUILD/1", texts=["\x1bctwo", "three"]))
        seen.append(out.getvalue())
    assert ["one\ntwo\nthree\n", "\x1bcone\n\x1bctwo\nthree\n"] == seen


def test_no_line_ends_the_live_view(monkeypatch):
    out = Terminal()
    monkeypatch.setattr("sys.stdout", out)
    human = Human("always")
    random = Random(1)
    lines = ["\x1bc\x9b2J\x0eone", *STEERING.values()]
    lines += ["\x1b[" + "".join(random.choices("0123456789;:m[]", k=9)) for _ in range(200)]
    for line in lines:
        human.line("build/a:1", a_line(line))
    human.close()
    assert out.getvalue().startswith("one\n")
