"""What goes to a container on another machine, and what may come back."""

import io
import os
import socket
import tarfile

import pytest

from cicd.backends.remote.archives import Incoming
from cicd.backends.remote.packing import add_tree
from cicd.backends.remote.unpacking import unpack
from cicd.errors import Unavailable, UsageError


def packed(source, **keywords):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w|", format=tarfile.GNU_FORMAT) as archive:
        add_tree(archive, source, "src", **keywords)
    data.seek(0)
    return tarfile.open(fileobj=data)


def coming(*entries):
    """Give an archive of these entries as an engine's answer."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = kind, 0o750
            if kind == tarfile.REGTYPE:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.linkname = content.decode()
                archive.addfile(entry)
    near, far = socket.socketpair()
    far.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + data.getvalue())
    far.close()
    incoming = Incoming(near)
    assert 200 == incoming.head()
    return incoming


def test_modes_links_and_odd_names_go_and_what_must_not_be_seen_stays(tmp_path):
    (tmp_path / ".cicd" / "deep").mkdir(parents=True)
    (tmp_path / "run").write_text("x")
    (tmp_path / "run").chmod(0o751)
    (tmp_path / "link").symlink_to("run")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / os.fsdecode(b"odd \xff\n")).write_text("y")
    with packed(tmp_path, unseen=frozenset({tmp_path / ".cicd"})) as archive:
        found = {entry.name: entry for entry in archive}
    assert {"src", "src/run", "src/link", "src/odd \udcff\n"} == set(found)
    assert (0o751, 1) == (found["src/run"].mode, found["src/run"].size)
    assert "run" == found["src/link"].linkname


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(Unavailable, match="gone' cannot be sent"):
        packed(tmp_path / "gone")


def test_files_come_with_their_modes_over_what_is_there(tmp_path):
    (tmp_path / "at").mkdir()
    (tmp_path / "at" / "f").write_text("old")
    entries = [("at", tarfile.DIRTYPE, b""), ("at/d", tarfile.DIRTYPE, b"")]
    entries += [("at/f", tarfile.REGTYPE, b"new"), ("at/d/g", tarfile.REGTYPE, b"g")]
    unpack(coming(*entries), "at", tmp_path / "at")
    assert ("new", "g") == (
        (tmp_path / "at" / "f").read_text(),
        (tmp_path / "at" / "d" / "g").read_text(),
    )
    assert 0o750 == (tmp_path / "at" / "f").stat().st_mode & 0o777


@pytest.mark.parametrize(
    "entry",
    [
        ("at/../../up", tarfile.REGTYPE, b"x"),
        ("/at/f", tarfile.REGTYPE, b"x"),
        ("other/f", tarfile.REGTYPE, b"x"),
        ("at/l", tarfile.SYMTYPE, b"/etc"),
        ("at/l", tarfile.LNKTYPE, b"/etc/passwd"),
        ("at/null", tarfile.CHRTYPE, b""),
    ],
)
def test_nothing_comes_that_could_lead_out(tmp_path, entry):
    with pytest.raises(UsageError):
        unpack(coming(entry), "at", tmp_path / "at")
    assert [] == [path for path in tmp_path.rglob("*") if path.name != "at"]
