from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cicd.engine.output import LINE_LIMIT, LineWriter, readable
from cicd.engine.redaction import Redactor


def lines_of(*pieces, secrets=()):
    lines = []
    writer = LineWriter(Redactor(secrets), lines.extend)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return lines


# ── Lines ─────────────────────────────────────────────────────────────────────────────────────


def test_lines_come_without_their_ends():
    assert ["a", "", "b", "c"] == lines_of(b"a\n\nb\r\nc")


def test_a_line_is_emitted_as_soon_as_it_is_complete():
    lines = []
    writer = LineWriter(Redactor(["s3cret"]), lines.extend)
    writer.write(b"one\ntw")
    assert ["one"] == lines
    writer.write(b"o\n")
    assert ["one", "two"] == lines


def test_output_without_a_line_end_is_not_lost():
    assert ["no end"] == lines_of(b"no ", b"end")
    assert [] == lines_of()
    assert ["s3cre"] == lines_of(b"s3cre", secrets=["s3cret"])


def test_closing_twice_says_nothing_twice():
    lines = []
    writer = LineWriter(Redactor([]), lines.extend)
    writer.write(b"x")
    writer.close()
    writer.close()
    assert ["x"] == lines


def test_of_a_progress_bar_the_last_state_is_kept():
    assert ["100%", "next"] == lines_of(b"10%\r50%\r", b"100%\r", b"\nnext")
    assert ["done"] == lines_of(b"1\r2\rdone\r")


def test_a_line_end_cut_in_two_is_one():
    assert ["a", "b"] == lines_of(b"a\r", b"\nb\r", b"\n")


def test_a_progress_bar_without_end_needs_no_memory():
    writer = LineWriter(Redactor([]), lambda _: None)
    for percent in range(10000):
        writer.write(b"%d%% of it all\r" % percent)
    assert len(writer._rest) < 100


def test_characters_cut_in_two_are_whole():
    for cut in range(7):
        data = "é€😀"[: cut + 1].encode() + b"x"
        assert [data.decode()] == lines_of(*(data[n : n + 1] for n in range(len(data))))


def test_what_is_not_utf_8_is_replaced():
    assert ["a\ufffdb", "\ufffd"] == lines_of(b"a\xffb\n\xe2\x82")


def test_a_long_line_comes_in_several_without_cutting_characters():
    text = "é" * LINE_LIMIT
    lines = lines_of(b"x" + text.encode())
    assert "x" + text == "".join(lines)
    assert max(len(line.encode()) for line in lines) <= LINE_LIMIT
    assert lines == lines_of(b"x" + text.encode() + b"\n")


def test_a_long_line_of_no_characters_at_all_comes_in_several():
    lines = lines_of(b"\x80" * (LINE_LIMIT * 2 + 5))
    assert [LINE_LIMIT, LINE_LIMIT, 5] == [len(line) for line in lines]


def test_secrets_are_masked_before_lines_are_made():
    assert ["a ***", "*** b"] == lines_of(b"a s3c", b"ret\ns3", b"cret b", secrets=["s3cret"])


@settings(max_examples=100)
@given(st.binary(max_size=60), st.data())
def test_lines_are_the_same_however_the_output_is_cut(data, draw):
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=5)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert lines_of(data) == lines_of(*pieces)


@settings(max_examples=100)
@given(st.lists(st.text().filter(lambda t: "\n" not in t and "\r" not in t)))
def test_every_line_comes_out_as_it_went_in(lines):
    assume(all(len(line) < 1000 for line in lines))
    encoded = [line.encode(errors="ignore") for line in lines]
    assert [e.decode() for e in encoded] == lines_of(b"".join(e + b"\n" for e in encoded))


def test_exact_lines_are_the_bytes_that_were_written_and_readable_ones_are_text():
    said = b"a\xff\xfe\n\x1b[31mred\0\n\xed\xa0\x80" + b"x\xc3" * LINE_LIMIT
    lines = []
    writer = LineWriter(Redactor(()), lines.extend, exact=True)
    for start in range(0, len(said), 1000):
        writer.write(said[start : start + 1000])
    writer.close()
    assert said.split(b"\n")[:2] == [line.encode(errors="surrogateescape") for line in lines[:2]]
    assert said.split(b"\n")[2] == "".join(lines[2:]).encode(errors="surrogateescape")
    assert ["a\ufffd\ufffd", "\x1b[31mred\0"] == list(readable(lines))[:2]
    assert ["ü"] == readable(["ü"])
