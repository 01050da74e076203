import errno
import os
import stat
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.engine import archive
from cicd.errors import CicdError, Unavailable, UsageError
from cicd.store import unpacking
from cicd.store.unpacking import unpack_zip

LINK = stat.S_IFLNK | 0o777


def entry(name, content=b"", mode=None, system=3):
    info = zipfile.ZipInfo(name)
    info.create_system = system
    if mode is not None:
        info.external_attr = mode << 16
    return info, content


def entries_of(directory):
    return sorted(path.name for path in directory.iterdir())


def zip_of(tmp_path, *entries):
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for info, content in entries:
            zipped.writestr(info, content, zipfile.ZIP_DEFLATED)
    return path


def refused(tmp_path, *entries):
    """Why the zip is refused; nothing may appear, neither in the directory nor beside it."""
    path = zip_of(tmp_path, *entries)
    into = tmp_path / "deep" / "out"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UsageError) as caught:
        unpack_zip(path, into)
    assert [] == [p for p in tmp_path.rglob("*") if p not in before and p.parent == into]
    assert before == [p for p in sorted(tmp_path.rglob("*")) if p not in (into, into.parent)]
    return caught.value.message


@pytest.mark.parametrize(
    "name",
    ["/etc/x", "../x", "a/../../x", "a/..", "..", "\\x", "..\\x", "a\\..\\..\\x", "C:x", "c:/x"],
)
def test_names_that_leave_are_refused(tmp_path, name):
    assert f"'{name}' would leave the directory" == refused(tmp_path, entry(name, b"evil"))


@pytest.mark.parametrize("text", ["/etc/passwd", "..", "../x", "a/../../x", "./../x"])
def test_links_that_leave_are_refused(tmp_path, text):
    said = refused(tmp_path, entry("l", text, LINK))
    assert f"'l' is a link to '{text}', which is outside" == said


def test_links_that_leave_by_way_of_each_other_are_refused(tmp_path):
    assert "outside" in refused(
        tmp_path,
        entry("a/b/c/up", "../../..", LINK),
        entry("a/out", "b/c/up/../x", LINK),
    )


def test_a_link_through_a_link_is_judged_where_it_really_leads(tmp_path):
    """ "x/.." looks like the top, but x points two levels down, so it is not."""
    path = zip_of(
        tmp_path,
        entry("d/e/f", b"1", 0o644),
        entry("x", "d/e", LINK),
        entry("y", "x/../..", LINK),
        entry("z", "x/f", LINK),
    )
    unpack_zip(path, tmp_path / "out")
    assert b"1" == (tmp_path / "out" / "z").read_bytes()
    assert "outside" in refused(tmp_path, entry("x", "d/e", LINK), entry("y", "x/../../..", LINK))


def test_links_in_a_circle_are_made_as_they_are(tmp_path):
    path = zip_of(tmp_path, entry("a", "b", LINK), entry("b", "a", LINK))
    unpack_zip(path, tmp_path / "out")
    assert "b" == str((tmp_path / "out" / "a").readlink())


def test_a_file_below_a_link_is_refused(tmp_path):
    said = refused(tmp_path, entry("l", "d", LINK), entry("l/x", b"evil"))
    assert "'l/x' lies below 'l', which is no directory" == said


def test_a_file_below_a_link_of_another_case_is_refused(tmp_path):
    assert "lies below 'L'" in refused(tmp_path, entry("L", "d", LINK), entry("l/x", b"evil"))


def test_a_file_below_a_file_is_refused(tmp_path):
    assert "lies below 'a'" in refused(tmp_path, entry("a", b"1"), entry("a/b", b"2"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a", "./a", "a//", ".//a"])
def test_two_entries_in_one_place_are_refused(tmp_path, second):
    assert "'a' is in it twice" == refused(tmp_path, entry("a", b"1"), entry(second, b""))


def test_a_link_whose_name_differs_only_in_case_is_refused(tmp_path):
    said = refused(tmp_path, entry("a", b"1"), entry("A", "a", LINK))
    assert "'A' and 'a' differ only in case, and one is a link" == said


def test_files_that_differ_in_case_are_two_files_where_the_disk_says_so(tmp_path):
    unpack_zip(zip_of(tmp_path, entry("a", b"1"), entry("A", b"2")), tmp_path / "out")
    assert (b"1", b"2") == tuple((tmp_path / "out" / name).read_bytes() for name in "aA")


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_devices_pipes_and_sockets_are_refused(tmp_path, kind):
    assert "'d' is a device, a pipe or a socket" == refused(tmp_path, entry("d", b"", kind))


def test_modes_are_kept_without_set_user_set_group_and_sticky(tmp_path):
    path = zip_of(
        tmp_path,
        entry("d/", b"", stat.S_IFDIR | 0o1555),
        entry("d/run", b"1", stat.S_IFREG | 0o6755),
        entry("plain", b"2", stat.S_IFREG | 0o640),
    )
    out = tmp_path / "out"
    unpack_zip(path, out)
    modes = [stat.S_IMODE((out / name).stat().st_mode) for name in ("d", "d/run", "plain")]
    assert [0o755, 0o755, 0o640] == modes


def test_a_zip_without_modes_gets_the_usual_ones(tmp_path):
    unpack_zip(zip_of(tmp_path, entry("a", b"1", 0o7777, system=0)), tmp_path / "out")
    assert 0o644 == stat.S_IMODE((tmp_path / "out" / "a").stat().st_mode)


def test_a_bomb_is_refused_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "ALWAYS_ALLOWED", 1000)
    said = refused(tmp_path, entry("zeros", b"\0" * 1_000_000))
    assert said.startswith("1000000 bytes or more would come out of an archive of ")


def test_a_small_zip_may_hold_much_as_long_as_it_stays_small(tmp_path):
    unpack_zip(zip_of(tmp_path, entry("zeros", b"\0" * 1_000_000)), tmp_path / "out")
    assert 1_000_000 == (tmp_path / "out" / "zeros").stat().st_size


def test_a_directory_that_is_not_empty_is_refused(tmp_path):
    path = zip_of(tmp_path, entry("a", b"1"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")
    with pytest.raises(UsageError, match="is not empty"):
        unpack_zip(path, tmp_path / "out")
    assert ["mine"] == entries_of(tmp_path / "out")


def test_damage_inside_leaves_an_empty_directory(tmp_path):
    path = zip_of(tmp_path, entry("a", b"1" * 50), entry("b", os.urandom(500)))
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"PK\x01\x02") - 100] ^= 0xFF
    raw[raw.index(b"b", 60) + 50] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(UsageError, match="is not a whole zip"):
        unpack_zip(path, tmp_path / "out")
    assert [] == entries_of(tmp_path / "out")


def test_an_unusual_compression_is_refused(tmp_path):
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as zipped:
        zipped.writestr("a", b"1")
    with pytest.raises(UsageError, match="'a' is compressed in an unusual way"):
        unpack_zip(path, tmp_path / "out")


def test_an_offset_beyond_every_file_is_damage(tmp_path):
    path = zip_of(tmp_path, entry("a", b"1"))
    raw = path.read_bytes()
    start = raw.index(b"PK\x01\x02")
    end = raw.index(b"PK\x05\x06")
    offset = b"\x01\x00\x08\x00" + b"\xff" * 8  # the 64-bit field of the entry's position
    directory = bytearray(raw[start:end] + offset)
    directory[30:32] = len(offset).to_bytes(2, "little")
    directory[42:46] = b"\xff" * 4
    tail = bytearray(raw[end:])
    tail[12:16] = len(directory).to_bytes(4, "little")
    path.write_bytes(raw[:start] + directory + tail)
    with pytest.raises(UsageError, match="is not a whole zip"):
        unpack_zip(path, tmp_path / "out")


def test_a_password_is_said_to_be_missing(tmp_path):
    path = zip_of(tmp_path, entry("a", b"1"))
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(UsageError, match="'a' needs a password"):
        unpack_zip(path, tmp_path / "out")


@pytest.mark.parametrize("size", [1, 2 << 20])
def test_a_full_disk_leaves_an_empty_directory(tmp_path, monkeypatch, size):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    # What is large is copied block by block, what is small written at once.
    monkeypatch.setattr(unpacking.shutil, "copyfileobj", full)
    monkeypatch.setattr(unpacking, "small_entry", full)
    path = zip_of(tmp_path, entry("d/a", bytes(size)), entry("l", "d", LINK))
    with pytest.raises(Unavailable, match="No space left on device"):
        unpack_zip(path, tmp_path / "out")
    assert [] == entries_of(tmp_path / "out")


@settings(max_examples=100, deadline=None)
@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    cut=st.none() | st.integers(0, 400),
)
def test_a_damaged_zip_unpacks_inside_or_is_refused(tmp_path_factory, flips, cut):
    tmp_path = tmp_path_factory.mktemp("damaged")
    path = zip_of(tmp_path, entry("d/a", b"1" * 40), entry("l", "d/a", LINK), entry("e/", b""))
    raw = bytearray(path.read_bytes()[:cut])
    for position, value in flips if raw else ():
        raw[position % len(raw)] = value
    path.write_bytes(raw)
    with suppress(CicdError):
        unpack_zip(path, tmp_path / "out")
    assert {"given.zip", "out"} >= set(entries_of(tmp_path))


PARTS = st.lists(st.sampled_from(["a", "b", "..", ".", "A", ""]), min_size=1, max_size=5)
PATHS = PARTS.map("/".join)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(PATHS, st.none() | PATHS), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_mixture_of_names_and_links_reaches_outside(tmp_path_factory, chosen):
    tmp_path = tmp_path_factory.mktemp("mixture")
    entries = [
        entry(name or "a", text if text is not None else b"1", LINK if text is not None else None)
        for name, text in chosen
    ]
    out = tmp_path / "out"
    try:
        unpack_zip(zip_of(tmp_path, *entries), out)
    except UsageError:
        assert [] == (entries_of(out) if out.exists() else [])
        return
    assert {"given.zip", "out"} == set(entries_of(tmp_path))
    for path in out.rglob("*"):
        try:
            path.stat()
        except FileNotFoundError:
            pass  # leads nowhere yet, but must not lead nowhere outside either
        except OSError:
            continue  # a circle
        resolved = path.resolve()
        assert out == resolved or out in resolved.parents
