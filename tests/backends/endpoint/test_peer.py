"""Whose connection it is, as the kernel's tables say."""

import os
import socket
import sys

import pytest

from cicd.backends.endpoint import peer

CLIENT, SERVER = ("127.0.0.1", 0xC001), ("127.0.0.1", 0x11F7)
HEADING = "sl local_address rem_address st tx:rx_queue tr tm->when retrnsmt uid timeout inode"


def row(local, remote, uid, inode, state="01"):
    return f" 0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 {inode} 1"


def place(port, before=""):
    loopback = int.from_bytes(socket.inet_aton("127.0.0.1"), sys.byteorder)
    return f"{before}{loopback:08X}:{port:04X}"


@pytest.mark.parametrize("before", ["", "0000000000000000FFFF0000"])
def test_the_owner_is_that_of_the_other_end(before):
    theirs, ours = place(CLIENT[1], before), place(SERVER[1], before)
    table = [HEADING, row(ours, theirs, 7, 1), row(theirs, ours, 1001, 2)]
    assert 1001 == peer.owner_in(table, CLIENT, SERVER)


def test_a_socket_that_was_closed_is_nobodys_and_not_roots():
    table = [HEADING, row(place(CLIENT[1]), place(SERVER[1]), 0, 0, state="05")]
    assert peer.owner_in(table, CLIENT, SERVER) is None


def test_another_connection_of_the_same_port_says_nothing():
    table = [HEADING, row(place(CLIENT[1]), place(SERVER[1] + 1), 0, 3)]
    assert peer.owner_in(table, CLIENT, SERVER) is None


@pytest.mark.parametrize(("owner", "heard"), [(None, False), (0, True), (4242, False)])
def test_only_root_and_oneself_are_heard(monkeypatch, owner, heard):
    monkeypatch.setattr(peer, "owner_in", lambda *_: owner)
    assert heard is peer.is_heard(CLIENT, SERVER)
    monkeypatch.setattr(peer, "owner_in", lambda *_: os.geteuid())
    assert peer.is_heard(CLIENT, SERVER)


def test_a_real_connection_is_found_while_it_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            end = client.getsockname()
            assert peer.is_heard(end, server.getsockname())
        assert not peer.is_heard(end, server.getsockname())
