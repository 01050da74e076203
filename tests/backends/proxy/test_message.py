import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.backends.proxy.message import (
    BadMessageError,
    for_backend,
    for_client,
    own_answer,
    read_request,
    read_response,
)

GET = b"GET /a?b=c HTTP/1.1\r\nHost: shop"


def refused(head):
    with pytest.raises(BadMessageError) as found:
        read_request(head)
    return found.value.status


def lines(head):
    return head.removesuffix(b"\r\n\r\n").decode().split("\r\n")


def test_a_request_is_read():
    head = read_request(GET + b"\r\nX-Twice: 1\r\nX-Twice:  2 ")
    assert (b"GET", b"/a?b=c", 1) == (head.method, head.target, head.minor)
    assert [(b"Host", b"shop"), (b"X-Twice", b"1"), (b"X-Twice", b"2")] == head.fields


def test_what_two_programs_could_read_in_two_ways_is_refused():
    for more in (
        b"\r\n folded",
        b"\r\nName : v",
        b"\r\nName",
        b"\r\nName: a\x00",
        b"\r\nName: a\rb",
        b"\r\nName: a\nOther: b",
        b"\r\nContent-Length: 1\r\nContent-Length: 2",
        b"\r\nHost: another",
    ):
        assert 400 == refused(GET + more)
    for first in (b"GET / HTTP/2.0", b"GET /", b"GET /a b HTTP/1.1", b"G(T / HTTP/1.1", b""):
        assert 400 == refused(first)


def test_tunnels_of_any_kind_are_not_opened_by_connect():
    assert 405 == refused(b"CONNECT shop:443 HTTP/1.1")


def test_fields_of_the_hop_stay_on_it():
    head = read_request(
        GET + b"\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: deflate\r\nA: b"
    )
    said = lines(for_backend(head, "10.0.0.1", 80))
    assert "GET /a?b=c HTTP/1.1" == said[0]
    assert {"Host: shop", "A: b", "X-Forwarded-For: 10.0.0.1"} <= set(said)
    assert not any(line.startswith(("Connection", "X-Mine", "Keep-Alive", "TE")) for line in said)


def test_who_asked_is_added_to_who_was_said_to_ask():
    head = read_request(GET + b"\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https")
    said = lines(for_backend(head, "10.0.0.1", 8080))
    assert "X-Forwarded-For: 1.1.1.1, 10.0.0.1" in said
    assert ["X-Forwarded-Proto: http"] == [x for x in said if x.startswith("X-Forwarded-Proto")]


def test_a_sender_cannot_name_away_what_ends_the_message():
    head = read_request(GET + b"\r\nConnection: content-length\r\nContent-Length: 3")
    assert "Content-Length: 3" in lines(for_backend(head, "c", 80))


def test_whether_a_connection_is_kept_depends_on_version_and_field():
    for version, field, kept in (
        (b"1.1", b"", True),
        (b"1.1", b"\r\nConnection: close", False),
        (b"1.0", b"", False),
        (b"1.0", b"\r\nConnection: Keep-Alive", True),
    ):
        head = read_request(b"GET / HTTP/" + version + b"\r\nHost: a" + field)
        assert kept == head.keeps_alive


def test_a_response_says_whether_the_connection_ends():
    response = read_response(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nA: b")
    request = read_request(GET)
    assert ["HTTP/1.1 200 OK", "A: b"] == lines(
        for_client(response, request, close=False, raw=True)
    )
    assert "Connection: close" in lines(for_client(response, request, close=True, raw=True))


def test_a_response_that_is_none_is_the_backends_fault():
    for head in (b"HTTP/2 200", b"200 OK", b"HTTP/1.1 99 x"):
        with pytest.raises(BadMessageError) as found:
            read_response(head)
        assert 502 == found.value.status


def test_an_answer_of_the_proxys_own_is_whole():
    head, _, body = own_answer(503).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}" in head.decode()


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"GET / HTTP/1.1\r\n", b"HTTP/1.1 200 OK\r\n"])
)
def test_any_bytes_are_read_or_refused(data, before):
    for read in (read_request, read_response):
        try:
            head = read(before + data)
        except BadMessageError as bad:
            assert bad.status in (400, 405, 502)
        else:
            assert b"\n" not in b"".join(name + value for name, value in head.fields)
