import pytest

from cicd.engine.clock import SystemClock
from cicd.store.caches import CacheFiles


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


def _own():
    from cicd.store.process_identity import own_identity

    return own_identity()


def _quoted(text):
    from urllib.parse import quote

    return quote(text, safe="")
