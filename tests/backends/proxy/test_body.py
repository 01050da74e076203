import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.backends.proxy.body import ChunkedBody, LengthBody, request_body, response_body
from cicd.backends.proxy.message import BadMessageError, read_request, read_response


def request(fields=b"", method=b"POST", version=b"1.1"):
    return read_request(method + b" / HTTP/" + version + b"\r\nHost: a" + fields)


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    trailers=st.booleans(),
    after=st.binary(max_size=10),
    data=st.data(),
)
def test_a_chunked_body_ends_at_its_end_however_it_comes(chunks, trailers, after, data):
    whole = b"".join(b"%x;a=b\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    whole += b"0\r\n" + (b"Digest: x\r\n" if trailers else b"") + b"\r\n"
    body, rest, taken = ChunkedBody(decode=True), whole + after, 0
    while rest and not body.done:
        piece = rest[: data.draw(st.integers(1, len(rest)))]
        count = body.feed(piece)
        taken += count
        rest = rest[len(piece) :] if not body.done else piece[count:] + rest[len(piece) :]
    assert body.done
    assert (len(whole), after) == (taken, rest)
    assert b"".join(chunks) == b"".join(body.payload)


def test_chunks_that_are_none_are_refused():
    for text in (
        b"x\r\n",
        b"-1\r\n",
        b"1\na\n",
        b"1\r\nab",
        b"1\r\na\n\r\n",
        b"\r\n",
        b"1" * 20000,
    ):
        with pytest.raises(BadMessageError):
            ChunkedBody().feed(text + b"\r\n")


def test_a_body_of_a_length_takes_no_more():
    body = LengthBody(3)
    assert (2, False) == (body.feed(b"ab"), body.done)
    assert (1, True) == (body.feed(b"cd"), body.done)


def test_a_request_whose_end_is_in_doubt_is_refused():
    for fields, version, status in (
        (b"\r\nTransfer-Encoding: chunked\r\nContent-Length: 3", b"1.1", 400),
        (b"\r\nTransfer-Encoding: chunked", b"1.0", 400),
        (b"\r\nTransfer-Encoding: gzip, chunked", b"1.1", 501),
        (b"\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", b"1.1", 501),
        (b"\r\nContent-Length: +3", b"1.1", 400),
        (b"\r\nContent-Length: 3, 3", b"1.1", 400),
    ):
        with pytest.raises(BadMessageError) as found:
            request_body(request(fields, version=version))
        assert status == found.value.status


def test_some_responses_have_no_body_whatever_they_say():
    for method, status in ((b"HEAD", 200), (b"GET", 204), (b"GET", 304)):
        response = read_response(b"HTTP/1.1 %d X\r\nContent-Length: 5" % status)
        assert response_body(response, request(method=method)).done


def test_a_response_without_a_length_ends_with_its_connection():
    body = response_body(read_response(b"HTTP/1.0 200 OK"), request(method=b"GET"))
    assert (4, False) == (body.feed(b"abcd"), body.done)
