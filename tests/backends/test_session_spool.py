from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.backends.session_spool import Tail

NONCE = "n" * 32


def mark(number, status):
    return f"\x1e{NONCE} {number} {status}\n".encode()


@pytest.fixture(scope="module")
def spool(tmp_path_factory):
    return tmp_path_factory.mktemp("spool") / "spool"


marklike = st.sampled_from([b"\x1e", mark(1, 0)[:10], mark(1, 0)[:-3], b"\x1e" + b"x" * 40, b"a"])


@settings(max_examples=100, deadline=None)
@given(
    pieces=st.lists(marklike | st.binary(max_size=20)),
    cuts=st.lists(st.integers(0, 300), max_size=8),
    status=st.integers(0, 255),
    after=st.binary(max_size=50),
)
def test_every_byte_before_the_mark_arrives_however_the_spool_grows(
    spool, pieces, cuts, status, after
):
    output = b"".join(pieces)
    before = b"of the command before"
    content = before + output + mark(1, status) + after
    spool.write_bytes(before)
    tail = Tail(spool, NONCE, 1, len(before))
    found = b""
    edges = sorted({min(len(content), len(before) + cut) for cut in cuts} | {len(content)})
    for start, end in zip([len(before), *edges], edges, strict=False):
        with spool.open("ab") as stream:
            stream.write(content[start:end])
        while data := tail.read():
            found += data
    tail.close()
    assert (output, status) == (found, tail.status)
    assert len(before + output + mark(1, status)) == tail.end


def test_what_cannot_be_the_mark_is_not_held_back(spool):
    spool.write_bytes(b"abc\x1e" + NONCE[:5].encode())
    tail = Tail(spool, NONCE, 1, 0)
    assert b"abc" == tail.read()
    with spool.open("ab") as stream:
        stream.write(b"!")
    assert b"\x1ennnnn!" == tail.read()
    tail.close()


def test_the_last_words_of_a_dead_session_are_given(spool):
    spool.write_bytes(b"abc" + mark(1, 0)[:20])
    tail = Tail(spool, NONCE, 1, 0)
    assert b"abc" == tail.read()
    assert mark(1, 0)[:20] == tail.rest()
    assert (b"", None) == (tail.rest(), tail.status)
    tail.close()


def test_the_file_is_let_go_of(spool):
    spool.write_bytes(b"")
    before = len(list(Path("/dev/fd").iterdir()))
    Tail(spool, NONCE, 1, 0).close()
    assert before == len(list(Path("/dev/fd").iterdir()))
