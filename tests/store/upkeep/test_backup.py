"""A home in a file and back: everything that matters, nothing else, or nothing at all."""

import io
import sqlite3
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from cicd.engine.clock import SystemClock
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind
from cicd.ports import ArtifactFile
from cicd.store.database import LAYOUTS
from cicd.store.disk import prepare_home
from cicd.store.event_log import SqliteEventLog
from cicd.store.upkeep.backup import back_up, restore
from cicd.store.upkeep.scratch import scratch
from cicd.store.upkeep.soundness import faults
from cicd.store.upkeep.stores import open_stores

NOW = SystemClock().now()
EVENT = Event(kind=EventKind.CONCLUDED, at=NOW, key="", data={"status": "SUCCEEDED"})


@pytest.fixture
def home(tmp_path):
    made = tmp_path / "home"
    prepare_home(made)
    with open_stores(made, SystemClock()) as stores:
        SqliteEventLog(stores.database).append("build/app:1", [EVENT], expected=0)
        stores.artifacts.put([ArtifactFile(path="a", source=made / ".gitignore")])
    (made / "config.toml").write_text("jobs = 3\n")
    (made / "logs" / "build").mkdir(parents=True)
    (made / "logs" / "build" / "app%3A1.log").write_text("a line\n" * 10_000)
    (made / "sessions").mkdir(exist_ok=True)
    (made / "sessions" / "x").write_text("runs now")
    return made


def saved(home, into):
    with open_stores(home, SystemClock()) as stores:
        back_up(home, stores.database, into, at=NOW)
    return into


def found_faults(home):
    with open_stores(home, SystemClock()) as stores:
        return faults(stores.database, stores.artifacts, stores.caches)


def contents(home):
    kept = ("logs", "artifacts", "config.toml")
    return {
        path.relative_to(home): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.relative_to(home).parts[0] in kept
    }


def test_what_was_saved_comes_back_byte_by_byte_and_is_sound(home, tmp_path):
    archive = saved(home, tmp_path / "a.tar.gz")
    assert 0o600 == archive.stat().st_mode & 0o777
    other = tmp_path / "other" / ".cicd"
    assert restore(archive, other, replace=False) is None
    assert contents(home) == contents(other)
    assert not (other / "sessions").exists()
    assert [] == found_faults(other)
    with open_stores(other, SystemClock()) as stores:
        assert [(1, EVENT)] == SqliteEventLog(stores.database).read("build/app:1")


@pytest.mark.parametrize("now", [-1.0, 2.0**32])  # 1969 and 2106
def test_a_clock_that_is_wrong_by_a_century_stops_no_backup(home, tmp_path, monkeypatch, now):
    monkeypatch.setattr(time, "time", lambda: now)
    archive = saved(home, tmp_path / "a.tar.gz")
    monkeypatch.undo()
    assert restore(archive, tmp_path / "other", replace=False) is None
    assert contents(home) == contents(tmp_path / "other")


def test_a_home_is_moved_aside_whole_and_only_when_asked(home, tmp_path):
    archive = saved(home, tmp_path / "a.tar.gz")
    (home / "config.toml").write_text("jobs = 4\n")
    with pytest.raises(Conflict):
        restore(archive, home, replace=False)
    aside = restore(archive, home, replace=True)
    assert "jobs = 3\n" == (home / "config.toml").read_text()
    assert "jobs = 4\n" == (aside / "config.toml").read_text()
    assert "runs now" == (home / "sessions" / "x").read_text()
    assert "*\n" == (aside / ".gitignore").read_text(), "git would see its settings"


def test_a_backup_never_takes_the_place_of_a_file(home, tmp_path):
    archive = saved(home, tmp_path / "a.tar.gz")
    before = archive.read_bytes()
    with pytest.raises(Conflict):
        saved(home, archive)
    assert before == archive.read_bytes()


@pytest.mark.parametrize("damage", ["cut", "text", "foreign", "escape", "newer", "link"])
def test_what_is_no_sound_backup_changes_nothing(home, tmp_path, damage):
    archive = saved(home, tmp_path / "a.tar.gz")
    before = contents(home)
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:-2000])
    elif damage == "text":
        archive.write_text("hello")
    else:
        archive.unlink()
        note = tmp_path / "note"
        layout = len(LAYOUTS) + (damage == "newer")
        note.write_text(f'{{"layout": {layout}}}')
        with tarfile.open(archive, "w:gz") as tar:
            tar.add(note, "note" if damage == "foreign" else "cicd-backup.json")
            if damage == "link":
                (tmp_path / "link").symlink_to("/etc/passwd")
                tar.add(tmp_path / "link", "logs/x")
            tar.add(note, "../state.db" if damage == "escape" else "state.db")
    with pytest.raises(UsageError):
        restore(archive, home, replace=True)
    assert before == contents(home)
    assert [] == [path.name for path in tmp_path.iterdir() if "restored" in path.name]


@pytest.mark.parametrize(
    ("about", "more", "said"),
    [
        ('{"layout": 1}', {}, "holds no state.db"),
        ('{"layout": 1}', {"state.db": b""}, "holds no state.db"),
        ('{"layout": 1}', {"logs": b"x", "logs/a": b"x"}, "holds 'logs/a' twice"),
        (
            '{"layout": 1}',
            {"config.toml": b"x", "./config.toml": b""},
            "holds 'config.toml' twice",
        ),
        ('{"layout": 1e999}', {"state.db": b"x"}, "is not a backup of cicd"),
        ('{"layout": -1}', {"state.db": b"x"}, "is not a backup of cicd"),
        ("[" * 4000, {"state.db": b"x"}, "is not a backup of cicd"),
    ],
)
def test_a_backup_that_somebody_has_made_up_is_refused(tmp_path, about, more, said):
    archive = made_up(tmp_path, {"cicd-backup.json": about.encode(), **more})
    with pytest.raises(UsageError, match=said):
        restore(archive, tmp_path / "home", replace=False)
    assert [archive] == list(tmp_path.iterdir())


@pytest.mark.parametrize("place", [10, 60, 100, 300])
def test_bytes_that_are_no_compressed_ones_are_damage(home, tmp_path, place):
    archive = saved(home, tmp_path / "a.tar.gz")
    data = bytearray(archive.read_bytes())
    data[place : place + 40] = b"\xff" * 40
    archive.write_bytes(data)
    with pytest.raises(UsageError, match="damaged, or no backup"):
        restore(archive, tmp_path / "other", replace=False)


def test_a_time_that_no_clock_has_is_damage(tmp_path):
    archive = made_up(tmp_path, {"cicd-backup.json": b'{"layout": 1}', "logs/a": b""}, mtime=1e30)
    with pytest.raises(UsageError, match="damaged, or no backup"):
        restore(archive, tmp_path / "home", replace=False)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TRIGGER foreign_one AFTER INSERT ON events BEGIN DELETE FROM events; END",
        "CREATE VIEW foreign_one AS SELECT 1",
        "CREATE VIRTUAL TABLE foreign_one USING fts5(x)",
    ],
)
def test_a_state_that_would_act_by_itself_is_refused(home, tmp_path, made):
    with closing(sqlite3.connect(home / "state.db")) as database, database:
        database.execute(made)
    archive = saved(home, tmp_path / "a.tar.gz")
    with pytest.raises(UsageError, match="'foreign_one"):
        restore(archive, tmp_path / "other", replace=False)
    assert not (tmp_path / "other").exists()


def made_up(tmp_path, members, mtime=0):
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size, about.mtime = len(data), mtime
            tar.addfile(about, io.BytesIO(data))
    return archive


def test_faults_are_named_one_by_one(home):
    (artifact,) = home.glob("artifacts/??/*.zip")
    artifact.write_bytes(b"changed")
    with sqlite3.connect(home / "state.db") as raw:
        raw.execute(
            "INSERT INTO events (stream, version, kind, at, data)"
            " VALUES ('build/app:1', 4, 'FINISHED', ?, '{')",
            (NOW.isoformat(),),
        )
        raw.execute(
            "INSERT INTO events (stream, version, kind, at, data)"
            " VALUES ('build/app:1', 2, 'FINISHED', ?, CAST(x'7BFF' AS TEXT))",
            (NOW.isoformat(),),
        )
    raw.close()
    told = found_faults(home)
    assert "build/app:1: 3 events, numbered 1 to 4" in told
    assert "state.db: its entry 3 cannot be read" in told
    assert "build/app:1: its event 4 cannot be read" in told
    assert any("is not what it was" in each for each in told)


def test_a_backup_removes_what_one_that_was_killed_left_beside_it(home, tmp_path):
    (tmp_path / ".cicd-backup-dead").mkdir()
    (tmp_path / ".cicd-backup-dead" / "state.db").write_text("half")
    with scratch(tmp_path, ".cicd-backup-") as living:
        saved(home, tmp_path / "a.tar.gz")
        assert living.is_dir()
    assert [] == [*tmp_path.glob(".cicd-backup-*")]


@pytest.mark.parametrize("swapped", [False, True])
def test_a_restore_that_was_killed_is_given_again_and_nothing_is_missing(
    home, tmp_path, swapped, monkeypatch
):
    archive = saved(home, tmp_path / "a.tar.gz")
    (home / "instances").mkdir()
    killed = Path.rename
    moves = []

    def rename(path, target):
        moves.append(path)
        if len(moves) > (2 if swapped else 1):
            raise KeyboardInterrupt
        return killed(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            restore(archive, home, replace=True)
    assert swapped == home.exists()
    restore(archive, home, replace=True)
    assert (home / "instances").is_dir()
    assert not [*tmp_path.glob("home*/restoring")]
    assert [] == found_faults(home)
