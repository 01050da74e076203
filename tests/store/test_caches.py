import os

import pytest

from cicd.engine.clock import SystemClock
from cicd.store.caches import CacheFiles
from cicd.store.upkeep.usage import tree_size


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.fixture
def caches(home):
    return CacheFiles(home, SystemClock())


def put(caches, scope="s", key="k", text="x"):
    with caches.writing(scope, key, "app") as tree:
        (tree / "file").write_text(text)
    found = caches.find(scope, key)
    assert found is not None
    return found


def names(home):
    return sorted(path.name for path in (home / "cache" / "entries").iterdir())


def test_an_entry_is_found_by_scope_and_key(caches):
    entry = put(caches)
    assert ("s", "k", "app", 1) == (entry.scope, entry.key, entry.name, entry.files)
    assert "x" == (entry.tree / "file").read_text()
    assert caches.find("s", "") is None
    assert caches.find("t", "k") is None
    assert entry == caches.find("s", "", exact=False)


def test_what_fails_half_way_leaves_nothing(caches, home):
    def fails():
        with caches.writing("s", "k", "app") as tree:
            (tree / "file").write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert [] == names(home)
    assert [] == caches.entries()


def test_what_a_killed_process_left_is_swept(caches, home):
    entry = put(caches)
    dead = home / "cache" / "entries" / "nobody~1.part"
    (dead / "tree").mkdir(parents=True)
    host, _, _ = _own().rpartition(":")[0].rpartition(":")
    dead = dead.rename(dead.with_name(f"{_quoted(f'{host}:4194305:x')}~1.part"))
    put(caches, key="other")
    assert not dead.exists()
    assert entry.tree.is_dir()


def test_a_newer_entry_takes_the_place_of_the_older(caches, home):
    put(caches, text="1")
    second = put(caches, text="2")
    assert [second.id] == names(home)


def test_an_entry_that_a_living_session_looks_through_stays(caches, home):
    first = put(caches, text="1")
    caches.hold(first, "session")
    (home / "sessions" / "session").mkdir(parents=True)
    second = put(caches, text="2")
    assert second == caches.find("s", "k")
    assert first == caches.held("session")
    assert not caches.remove(first)
    assert caches.remove(second)


# ── Files by their content ────────────────────────────────────────────────────────────────────


def fill(caches, key, files, scope="s"):
    """Keep a tree of these texts, all of one time."""
    with caches.writing(scope, key, "app") as tree:
        for name, text in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_text(text)
            os.utime(tree / name, (1, 1))
    return caches.find(scope, key)


def objects(home):
    return [path for path in (home / "cache" / "objects").rglob("*") if path.is_file()]


def test_what_two_caches_have_in_common_is_on_the_disk_once(caches, home):
    big = "x" * 3_000_000
    first = fill(caches, "1", {"a/big": big, "a/same": "s", "own": "1"})
    second = fill(caches, "2", {"b/big": big, "a/same": "s", "own": "2"})
    for one, other in (("a/big", "b/big"), ("a/same", "a/same")):
        assert (first.tree / one).samefile(second.tree / other)
    assert 4 == len(objects(home))
    newer, older = caches.measured()
    assert second.size == newer.size > 3_000_000
    assert 0 < older.size < 100_000
    assert tree_size(home / "cache" / "entries")[0] < newer.size + older.size + 50_000
    assert [] == caches.damaged()


def test_another_mode_or_time_is_another_file(caches):
    first = fill(caches, "1", {"tool": "x", "old": "y"})
    with caches.writing("s", "2", "app") as tree:
        (tree / "tool").write_text("x")
        (tree / "tool").chmod(0o755)
        (tree / "old").write_text("y")
        os.utime(tree / "tool", (1, 1))
    second = caches.find("s", "2")
    assert (0o644, 0o755) == tuple(
        entry.tree.joinpath("tool").stat().st_mode & 0o777 for entry in (first, second)
    )
    assert 1 == (first.tree / "old").stat().st_mtime < (second.tree / "old").stat().st_mtime


def test_no_tree_has_one_file_twice_though_its_content_is(caches):
    for key in ("1", "2"):
        entry = fill(caches, key, {"a": "same", "b": "same", "c": "same"})
        assert 3 == len({path.stat().st_ino for path in entry.tree.iterdir()})


def test_whoever_has_a_file_open_that_is_kept_does_not_write_into_the_cache(caches):
    with caches.writing("s", "k", "app") as tree:
        (tree / "small").write_text("kept")
        (tree / "big").write_text("k" * 2_000_000)
        held = [(tree / name).open("r+") for name in ("small", "big")]
    for file in held:
        file.write("LOST")
        file.close()
    entry = caches.find("s", "k")
    assert ("kept", "kkkk") == tuple(
        (entry.tree / name).read_text()[:4] for name in ("small", "big")
    )
    assert [] == caches.damaged()


def test_what_no_cache_has_any_more_goes(caches, home):
    first, second = fill(caches, "1", {"a": "1", "b": "2"}), fill(caches, "2", {"a": "1"})
    assert caches.remove(first)
    assert 1 == len(objects(home))
    assert caches.remove(second)
    assert [] == objects(home)


def test_a_file_that_was_damaged_is_said_and_not_taken_again(caches):
    first = fill(caches, "1", {"in/a": "right", "b": "fine"})
    (first.tree / "in" / "a").write_text("wrong")
    (said,) = caches.damaged()
    assert f"cache {first.id} (app): in/a is not what it was" in said
    second = fill(caches, "2", {"in/a": "right"})
    assert "right" == (second.tree / "in" / "a").read_text()


def test_where_there_are_no_hard_links_each_tree_has_its_own_files(caches, home, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    first, second = fill(caches, "1", {"a": "1"}), fill(caches, "2", {"a": "1"})
    assert ("1", "1") == ((first.tree / "a").read_text(), (second.tree / "a").read_text())
    assert [] == objects(home)


def test_links_and_empty_files_are_kept_as_they_are(caches):
    with caches.writing("s", "k", "app") as tree:
        (tree / "empty").touch()
        (tree / "link").symlink_to("/etc/passwd")
        (tree / "dir").mkdir()
    entry = caches.find("s", "k")
    assert (b"", "/etc/passwd", True) == (
        (entry.tree / "empty").read_bytes(),
        str((entry.tree / "link").readlink()),
        (entry.tree / "dir").is_dir(),
    )


def _own():
    from cicd.store.process_identity import own_identity

    return own_identity()


def _quoted(text):
    from urllib.parse import quote

    return quote(text, safe="")
