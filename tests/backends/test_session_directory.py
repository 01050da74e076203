import os
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cicd.backends import session_directory
from cicd.backends.session_directory import (
    SessionDirectory,
    SessionRecord,
    directory_name,
    place_names,
    remove_tree,
)
from cicd.errors import Unavailable


@given(st.text(min_size=1))
def test_any_id_gives_a_plain_file_name(session_id):
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", directory_name(session_id))


@given(st.text(min_size=1), st.text(min_size=1))
def test_different_ids_give_different_names(one, other):
    assert (one == other) == (directory_name(one) == directory_name(other))


def test_a_plain_id_is_its_own_name():
    assert "d-ABC_1.2" == directory_name("d-ABC_1.2")


def test_places_look_like_those_of_codebuild_and_count_on():
    places = place_names("app:1", ("src_lib", "src", "src_doc"))
    digits = int(re.fullmatch(r"/codebuild/output/src(\d{9})/src", places["src"])[1])
    expected = {
        "src_lib": f"/codebuild/output/src{digits + 1}/src",
        "src": f"/codebuild/output/src{digits}/src",
        "src_doc": f"/codebuild/output/src{digits + 2}/src",
    }
    assert expected == places


def test_places_are_the_same_for_the_same_session():
    assert place_names("app:1", ("src",)) == place_names("app:1", ("src",))
    assert place_names("app:1", ("src",)) != place_names("app:2", ("src",))


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = SessionRecord(
        id="a:1", runner="host", stream="build/a:1", places={"src": "/s"}, state={"k": "v"}
    )
    SessionDirectory.create(tmp_path, record)
    assert SessionDirectory.find(tmp_path, "a:1", "docker") is None
    found = SessionDirectory.find(tmp_path, "a:1", "host")
    assert record == found.record()
    assert [found.root] == [directory.root for directory in SessionDirectory.all(tmp_path)]


def test_a_session_is_for_our_eyes_only(tmp_path):
    record = SessionRecord(id="a", runner="host", stream="s")
    directory = SessionDirectory.create(tmp_path, record)
    assert 0o700 == directory.root.stat().st_mode & 0o777


def test_a_session_is_not_made_over_another(tmp_path):
    record = SessionRecord(id="a", runner="host", stream="s")
    SessionDirectory.create(tmp_path, record)
    with pytest.raises(Unavailable, match="'a' exists already"):
        SessionDirectory.create(tmp_path, record)


def test_what_a_dead_process_left_half_made_is_swept(tmp_path):
    made = [tmp_path / "sessions" / name for name in (".new-old", ".new-fresh")]
    for directory in made:
        (directory / "io").mkdir(parents=True)
    os.utime(made[0], (0, 0))
    SessionDirectory.create(tmp_path, SessionRecord(id="a", runner="host", stream="s"))
    assert [".new-fresh", "a"] == sorted(p.name for p in (tmp_path / "sessions").iterdir())


def test_the_record_of_a_session_goes_last(tmp_path, monkeypatch):
    made = SessionDirectory.create(tmp_path, SessionRecord(id="a", runner="host", stream="s"))
    (made.root / "driver.log").touch()
    removed = []

    def killed(root):
        removed.append(root.name)
        if root == made.root:
            raise KeyboardInterrupt

    monkeypatch.setattr(session_directory, "remove_tree", killed)
    with pytest.raises(KeyboardInterrupt):
        made.remove()
    assert (["io", "mounts"], "a") == (sorted(removed[:-1]), removed[-1])
    assert not (made.root / "driver.log").exists()
    assert "s" == made.record().stream


def test_a_tree_goes_even_where_it_says_no(tmp_path):
    (tmp_path / "t" / "shut" / "in").mkdir(parents=True)
    (tmp_path / "t" / "shut" / "in").chmod(0)
    (tmp_path / "t" / "shut").chmod(0)
    remove_tree(tmp_path / "t")
    assert [] == list(tmp_path.iterdir())
