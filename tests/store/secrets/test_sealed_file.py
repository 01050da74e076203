"""The store's file and its key, as they are and as others may leave them."""

import base64
import json
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cicd.engine.clock import SystemClock
from cicd.errors import CicdError, Unavailable
from cicd.store.secrets.key import KeyRing
from cicd.store.secrets.secret_store import SecretStore
from cicd.wiring.kept import new_id


def store_in(path, passphrase=""):
    keys = KeyRing(path=path / "data" / "key", passphrase=passphrase)
    return SecretStore(home=path / "home", keys=keys, clock=SystemClock(), new_id=new_id)


@pytest.fixture
def store(tmp_path):
    made = store_in(tmp_path)
    made.put_secret("s", "hunter2-and-more")
    made.put_parameter("/p", "other-secret")
    return made


@pytest.fixture
def file(store):
    return store.home / "secrets.json"


def refused(store):
    """What is said when the file is read and when it is to be written, which are the same."""
    path = store.home / "secrets.json"
    before = path.read_bytes()
    with pytest.raises(Unavailable) as reading:
        store.read()
    with pytest.raises(Unavailable) as writing:
        store.put_secret("t", "x")
    assert before == path.read_bytes()
    assert reading.value.message == writing.value.message
    assert reading.value.hint
    assert 4 == reading.value.exit_code
    return reading.value.message


def test_values_come_back_and_are_nowhere_on_the_disk(store, tmp_path):
    content = store.read()
    secret = content.secrets["s"]
    assert "hunter2-and-more" == content.secret_value(secret.versions[0])
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        data = path.read_bytes()
        for value in (b"hunter2-and-more", b"other-secret"):
            assert value not in data
            assert base64.b64encode(value)[:-4] not in data
        if path.name != ".gitignore":
            assert 0o600 == path.stat().st_mode & 0o777, path
    assert "hunter2" not in repr(content)


def test_an_empty_store_needs_no_key(tmp_path):
    made = store_in(tmp_path)
    assert {} == made.read().secrets
    assert [] == list(tmp_path.iterdir())


def test_a_passphrase_seals_and_opens(tmp_path):
    store_in(tmp_path, "correct horse").put_secret("s", "value")
    assert ["s"] == list(store_in(tmp_path, "correct horse").read().secrets)
    assert not (tmp_path / "data").exists()
    assert "is sealed with a passphrase" in refused(store_in(tmp_path))
    assert "the passphrase is another one" in refused(store_in(tmp_path, "wrong horse"))


def test_a_passphrase_does_not_matter_to_a_store_with_a_key(store, tmp_path):
    assert ["s"] == list(store_in(tmp_path, "any").read().secrets)


def test_another_key_and_no_key_are_told_apart(store, tmp_path):
    key = store.keys.path
    key.rename(key.with_name("kept"))
    assert "is not there" in refused(store)
    assert not key.exists()
    store_in(tmp_path / "else").put_secret("s", "x")
    (tmp_path / "else" / "data" / "key").rename(key)
    assert "another key" in refused(store)


@pytest.mark.parametrize("content", ["", "cicd-key-1:", "cicd-key-1:AAAA", "x" * 99, "\0é"])
def test_what_is_no_key_is_told(store, content):
    store.keys.path.write_text(content)
    assert "holds no key" in refused(store)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622, 0o666])
def test_what_others_may_read_is_not_used(store, file, mode):
    file.chmod(mode)
    assert f"can be read or written by others (mode {mode:04o})" in refused(store)
    file.chmod(0o600)
    store.keys.path.chmod(mode)
    assert "can be read or written by others" in refused(store)


def test_a_directory_in_the_files_place_is_told(store, file):
    file.unlink()
    file.mkdir()
    with pytest.raises(Unavailable, match="is not a file"):
        store.read()


def test_every_part_in_clear_is_bound_to_the_values(store, file):
    store.put_secret("s", "newer")
    whole = json.loads(file.read_bytes())
    versions = whole["content"]["secrets"]["s"]["versions"]
    versions[0]["stages"], versions[1]["stages"] = versions[1]["stages"], versions[0]["stages"]
    file.write_text(json.dumps(whole))
    assert "changed by something else" in refused(store)


def test_an_older_copy_under_the_same_key_still_opens(store, file):
    copy = file.read_bytes()
    store.put_secret("s", "newer")
    file.write_bytes(copy)
    assert 1 == len(store.read().secrets["s"].versions)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"format": 2}',
        b'{"format": 1, "key": {}, "content": {}}',
        b'{"format": 1, "key": {"salt": "xyz"}, "content": {}, "sealed": ""}',
        b'{"format": 1, "key": 5, "content": {}, "sealed": ""}',
        b'{"format": 1, "key": {}, "content": {"secrets": 5}, "sealed": ""}',
        b'{"format": 1, "key": {}, "content": {}, "sealed": "%"}',
        b'{"format": 1, "key": {}, "content": {}, "sealed": "AAAA"}',
    ],
)
def test_what_is_no_store_is_left_alone(store, file, content):
    file.write_bytes(content)
    assert str(file) in refused(store)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_any_change_of_any_byte_is_seen(store, file, data):
    whole = file.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    if data.draw(st.booleans()):
        changed[place] ^= data.draw(st.integers(1, 255))
    else:
        del changed[place:]
    file.write_bytes(changed)
    try:
        # White space between the parts is no part of them.
        assert {"s", "/p"} == {*store.read().secrets, *store.read().parameters}
        assert json.loads(whole) == json.loads(changed)
    except CicdError as told:
        assert 4 == told.exit_code
    finally:
        file.write_bytes(whole)


def test_a_write_that_was_killed_leaves_the_old_file(store, file):
    (file.parent / ".secrets.json.new").write_text("half")
    store.put_secret("t", "x")
    assert {"s", "t"} == set(store.read().secrets)
    assert not (file.parent / ".secrets.json.new").exists()


WRITER = """
import sys
from pathlib import Path
from cicd.engine.clock import SystemClock
from cicd.store.secrets.key import KeyRing
from cicd.store.secrets.secret_store import SecretStore
from cicd.wiring.kept import new_id
place, name = Path(sys.argv[1]), sys.argv[2]
keys = KeyRing(path=place / "data" / "key")
store = SecretStore(home=place / "home", keys=keys, clock=SystemClock(), new_id=new_id)
for number in range(10):
    store.put_secret("shared", f"{name} {number}")
    store.put_parameter(f"/own/{name}/{number}", "x")
"""


def test_processes_that_write_at_once_lose_nothing_and_share_one_new_key(tmp_path):
    writers = [
        subprocess.Popen((sys.executable, "-c", WRITER, str(tmp_path), name)) for name in "abc"
    ]
    assert [0, 0, 0] == [writer.wait() for writer in writers]
    content = store_in(tmp_path).read()
    assert (30, 30) == (len(content.parameters), len(content.secrets["shared"].versions))
    assert ["key"] == [path.name for path in (tmp_path / "data").iterdir()]


def test_the_key_is_where_the_desktops_rules_say(tmp_path):
    home = {"HOME": str(tmp_path)}
    assert tmp_path / ".local/share/cicd/key" == KeyRing.of(home).path
    assert tmp_path / ".local/share/cicd/key" == KeyRing.of({**home, "XDG_DATA_HOME": "x"}).path
    assert tmp_path / "d/cicd/key" == KeyRing.of({"XDG_DATA_HOME": str(tmp_path / "d")}).path
    assert "p" == KeyRing.of({**home, "CICD_PASSPHRASE": "p"}).passphrase
