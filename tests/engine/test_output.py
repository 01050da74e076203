from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cicd.engine.output import LINE_LIMIT, LineWriter, Redactor


def lines_of(*pieces, secrets=()):
    lines = []
    writer = LineWriter(Redactor(secrets), lines.extend)
    for piece in pieces:
        writer.write(piece)
    writer.close()
    return lines


def redacted(secrets, *pieces):
    stream = Redactor(secrets).stream()
    return b"".join([*map(stream.feed, pieces), stream.flush()])


# ── Redaction ─────────────────────────────────────────────────────────────────────────────────


def test_a_secret_becomes_three_stars_wherever_it_stands():
    assert "a *** b ***c***" == Redactor(["s3cret"]).redact("a s3cret b s3cretcs3cret")


def test_short_values_are_left_alone_and_told():
    redactor = Redactor(["abc", "", "abcd", "x"])
    assert ("abc", "x") == redactor.too_short
    assert "abc x ***" == redactor.redact("abc x abcd")


def test_each_line_of_a_secret_of_several_lines_counts():
    key = "-----BEGIN KEY-----\nMIIEow\nab\nqwerty=\n-----END KEY-----\n"
    assert "> MIIEox ***\n***\nab" == Redactor([key]).redact("> MIIEox MIIEow\nqwerty=\nab")
    assert "<***>" == Redactor([key]).redact(f"<{key}>")
    assert "***\r\n***" == Redactor([key]).redact("MIIEow\r\nqwerty=")


@pytest.mark.parametrize("before", ["", "x", "xy", "user:"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_base64_is_masked_at_all_alignments(before, after, encode):
    secret = "p?ss~w>rd\xff\xfe"
    encoded = encode(f"{before}{secret}{after}".encode()).decode()
    masked = Redactor([secret]).redact(f"Basic {encoded}.")
    assert "***" in masked
    assert len(masked.replace("***", "")) <= len("Basic .") + len(before + after) * 4 // 3 + 4


def test_the_whole_of_plain_base64_is_masked_with_its_padding():
    assert "***" == Redactor(["abcd"]).redact("YWJjZA==")


def test_url_quoted_forms_are_masked():
    secret = "a/b c&d=é+"
    redactor = Redactor([secret])
    for form in (quote(secret), quote(secret, safe=""), quote_plus(secret)):
        assert "u=***&" == redactor.redact(f"u={form}&")
        lower = re.sub("%..", lambda code: code[0].lower(), form)
        assert "u=***&" == redactor.redact(f"u={lower}&")


def test_of_two_secrets_the_longer_one_is_masked_whole():
    assert "*** ***" == Redactor(["token", "token-with-more"]).redact("token-with-more token")


def test_a_secret_across_pieces_is_one_secret():
    for cut in range(1, 6):
        text = b"s3cret"
        assert b"<***>" == redacted(["s3cret"], b"<" + text[:cut], text[cut:] + b">")


def test_what_cannot_be_a_secret_is_not_held_back():
    stream = Redactor(["s3cret"]).stream()
    assert b"all of this\n" == stream.feed(b"all of this\n")
    assert b"less " == stream.feed(b"less s3c")
    assert b"s3cond" == stream.feed(b"ond")


def test_the_beginning_of_a_secret_comes_out_in_the_end():
    assert b"the s3cre" == redacted(["s3cret"], b"the s3cre")


def test_without_secrets_nothing_changes():
    assert b"\x00\xff\n" == redacted([], b"\x00\xff", b"\n")


secrets = st.lists(st.text("abAB01+/=\n é", min_size=4, max_size=9), min_size=1, max_size=3)


@st.composite
def outputs(draw):
    """Output that is made of secrets, their beginnings and ends, and other things; in pieces."""
    values = draw(secrets)
    parts = draw(
        st.lists(
            st.one_of(
                st.sampled_from(values),
                st.sampled_from(values).map(lambda v: v[:-1]),
                st.sampled_from(values).map(lambda v: v[1:]),
                st.sampled_from(values).map(lambda v: b64encode(v.encode()).decode()),
                st.text("ab01\n é", max_size=4),
            ),
            max_size=8,
        )
    )
    data = "".join(parts).encode()
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    return values, data, pieces


@settings(max_examples=200)
@given(outputs())
def test_no_secret_is_in_the_result_however_the_output_is_cut(case):
    values, data, pieces = case
    result = redacted(values, *pieces)
    assert redacted(values, data) == result
    for value in values:
        assert value.encode() not in result


@settings(max_examples=100)
@given(outputs(), st.text("xyz\n", max_size=20))
def test_the_rest_is_unchanged(case, rest):
    values, _, pieces = case
    # A value that begins or ends with a line's end may be made of the rest's own.
    assume(not any(value != value.strip("\n") for value in values))
    assert rest.encode() == redacted(values, *(piece.encode() for piece in rest))
    around = redacted(values, b"<<" + rest.encode(), *pieces, b">>" + rest.encode())
    assert around.startswith(b"<<" + rest.encode())
    assert around.endswith(b">>" + rest.encode())


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
