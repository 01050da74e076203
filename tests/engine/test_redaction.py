from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine.redaction import Redactor
from cicd.engine.secret_forms import SHORTEST, forms_of


def redacted(secrets, *pieces):
    stream = Redactor(secrets).stream()
    return b"".join([*map(stream.feed, pieces), stream.flush()])


def masked_by_hand(secrets, data):
    """The same by the slow and obvious way: a byte is hidden if any form covers it."""
    forms = {
        form for value in secrets if len(value.strip("\r\n")) >= 4 for form in forms_of(value)
    }
    spans = sorted(
        (at, at + len(form))
        for form in forms
        for at in range(len(data))
        if data.startswith(form, at)
    )
    out, reached = b"", 0
    for start, stop in spans:
        if start >= reached:
            out += data[reached:start] + b"***"
        reached = max(reached, stop)
    return out + data[reached:]


def test_a_secret_becomes_three_stars_wherever_it_stands():
    assert "a *** b ***c***" == Redactor(["s3cret"]).redact("a s3cret b s3cretcs3cret")


def test_short_values_are_left_alone_and_told():
    redactor = Redactor(["abc", "", "abcd", "x"])
    assert ("abc", "x") == redactor.too_short
    assert "abc x ***" == redactor.redact("abc x abcd")


def test_each_line_of_a_secret_of_several_lines_counts():
    key = "-----BEGIN KEY-----\nMIIEow\nab\nqwerty=\n-----END KEY-----\n"
    assert "> MIIEox ***\n***\nab" == Redactor([key]).redact("> MIIEox MIIEow\nqwerty=\nab")
    assert "<***\n>" == Redactor([key]).redact(f"<{key}>")
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
        core = value.strip("\n")
        assert len(core) < SHORTEST or core.encode() not in result


@settings(max_examples=100)
@given(outputs(), st.text("xyz\n", max_size=20))
def test_the_rest_is_unchanged(case, rest):
    values, _, pieces = case
    assert rest.encode() == redacted(values, *(piece.encode() for piece in rest))
    around = redacted(values, b"<<" + rest.encode(), *pieces, b">>" + rest.encode())
    assert around.startswith(b"<<" + rest.encode())
    assert around.endswith(b">>" + rest.encode())


@settings(max_examples=200)
@given(outputs())
def test_every_byte_that_a_secret_covers_is_hidden_and_no_other(case):
    values, data, pieces = case
    assert masked_by_hand(values, data) == redacted(values, *pieces)


def test_overlapping_secrets_leave_no_fragment_of_either():
    assert "<***>" == Redactor(["abcdef", "defghi"]).redact("<abcdefghi>")
    assert "<***>" == Redactor(["abcdef", "cdefgh", "ghijkl"]).redact("<abcdefghijkl>")
    assert "<***!" == Redactor(["aXaXa"]).redact("<aXaXaXaXa!")


def test_overlapping_secrets_are_one_however_they_are_cut():
    text = b"<abcdefghi>abcdef"
    for first in range(len(text)):
        for second in range(first, len(text)):
            pieces = (text[:first], text[first:second], text[second:])
            assert b"<***>***" == redacted(["abcdef", "defghi"], *pieces)


def test_a_secret_that_never_ends_needs_no_memory():
    stream = Redactor(["abab"]).stream()
    said = b"".join(stream.feed(b"abab" * 100) for _ in range(100)) + stream.flush()
    assert b"***" == said
    assert len(stream._held) < 4


def test_the_line_ends_around_a_value_are_not_part_of_it():
    redactor = Redactor(["\n\n\n\n", "\r\ntoken-1\n"])
    assert ("\n\n\n\n",) == redactor.too_short
    assert "a\n\n\n\n\nb\n***\n" == redactor.redact("a\n\n\n\n\nb\ntoken-1\n")
    assert "***" == redactor.redact(b64encode(b"\r\ntoken-1\n").decode())


@pytest.mark.parametrize("secret", ['a"b\\c/d', "tab\there", "é€😀x", "<a&b>'c'", "it's \x01 so"])
def test_escaped_forms_are_masked(secret):
    redactor = Redactor([secret])
    raw = secret.encode()
    for form in (
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(secret).replace("/", "\\/")[1:-1],
        repr(secret)[1:-1],
        raw.hex(),
        raw.hex().upper(),
        shlex.quote(f"{secret} ")[1:-2],
        secret.replace("'", "'\\''"),
        secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
    ):
        assert "[***]" == redactor.redact(f"[{form}]"), form


@pytest.mark.parametrize("width", [64, 76])
def test_base64_that_is_broken_into_lines_is_masked(width):
    secret = "".join(chr(33 + n * 7 % 90) for n in range(300))
    encoded = b64encode(secret.encode() + b"\n").decode()
    lines = [encoded[n : n + width] for n in range(0, len(encoded), width)]
    for line in Redactor([secret]).redact("\n".join(lines)).split("\n"):
        assert line.replace("***", "") in ("", "Cg==", "o=", "K")


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_access_key_ids_are_hidden_without_being_secrets(key):
    assert "id=*** ok" == Redactor([]).redact(f"id={key} ok")
    for cut in range(len(key)):
        assert b"<***>" == redacted([], b"<" + key[:cut].encode(), key[cut:].encode() + b">")
    for other in ("AKIA", "AKIAIOSFODNN7EXAMPL", "AKIAIOSFODNN7example", "AROAIOSFODNN7EXAMPLE"):
        assert other == Redactor([]).redact(other)


def test_many_and_long_secrets_are_found_among_much_else():
    values = [
        f"{n:03d}-" + "".join(chr(97 + (n * k) % 26) for k in range(n)) for n in range(3, 90)
    ]
    noise = "".join(chr(32 + n * n % 90) for n in range(5000))
    redactor = Redactor(values)
    for value in values:
        for shift in range(9):
            text = f"{noise}{'!' * shift}"
            assert f"{text}***{noise}" == redactor.redact(f"{text}{value}{noise}")
