"""
What each adapter of a port promises, as tests: subclass, and give the one fixture.

    class TestMemoryEventLog(EventLogContract):
        @pytest.fixture
        def log(self) -> EventLog:
            return MemoryEventLog()
"""

from __future__ import annotations

import threading
import zipfile
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cicd.errors import Conflict, UsageError
from cicd.event import JSON, Event, EventKind
from cicd.ports import ArtifactFile, LogBlock, LogLine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cicd.ports import ArtifactStore, EventLog, ExecutionIndex, ExecutionRecord, LogStore

X = TypeVar("X", bound=Exception)

AT = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)


def _raised(kind: type[X], action: Callable[[], object]) -> X:
    try:
        action()
    except kind as problem:
        return problem
    raise AssertionError(f"{kind.__name__} was not raised")


def _event(number: int = 0, data: dict[str, JSON] | None = None) -> Event:
    at = AT + timedelta(microseconds=number)
    return Event(kind=EventKind.STARTED, at=at, key=f"k/{number}", data=data or {})


class EventLogContract:
    """Promises of an ``EventLog``; the fixture ``log`` is an empty one."""

    def test_what_was_appended_is_read_in_order_with_versions_from_one(
        self, log: EventLog
    ) -> None:
        """Across appends of several events."""
        assert log.append("a/b:1", (_event(1), _event(2)), expected=0) == 2
        assert log.append("a/b:1", (_event(3),), expected=2) == 3
        assert log.read("a/b:1") == [(1, _event(1)), (2, _event(2)), (3, _event(3))]

    def test_reading_after_a_version_gives_the_rest(self, log: EventLog) -> None:
        """Also when that is nothing."""
        log.append("s", (_event(1), _event(2)), expected=0)
        assert log.read("s", after=1) == [(2, _event(2))]
        assert log.read("s", after=2) == []

    def test_an_unknown_stream_is_empty(self, log: EventLog) -> None:
        """And no other stream's events are in it."""
        log.append("s", (_event(),), expected=0)
        assert log.read("t") == []

    def test_all_of_an_event_survives(self, log: EventLog) -> None:
        """Kinds, microseconds, any JSON and any text."""
        data: dict[str, JSON] = {
            "deep": {"list": [1, 2.5, None, True, {"a": "b"}]},
            "text": "é \u2028 \x00 \x1b[1m \U0001f600 \ud800",
            "": "",
        }
        events = [
            Event(kind=kind, at=AT, key=f"\n{kind}", data=data if number else {})
            for number, kind in enumerate(EventKind)
        ]
        log.append("s", events, expected=0)
        assert [event for _, event in log.read("s")] == events

    def test_another_version_than_expected_is_a_conflict_and_writes_nothing(
        self, log: EventLog
    ) -> None:
        """Too low or too high."""
        log.append("s", (_event(1),), expected=0)
        for expected in (0, 2):
            events = (_event(8), _event(9))
            _raised(Conflict, partial(log.append, "s", events, expected=expected))
        assert log.read("s") == [(1, _event(1))]

    def test_of_many_writers_each_version_goes_to_one(self, log: EventLog) -> None:
        """The uniqueness of (stream, version) is the lock."""

        def write(writer: int) -> None:
            for number in range(10):
                while True:
                    try:
                        version = len(log.read("s"))
                        log.append("s", (_event(writer * 100 + number),), expected=version)
                        break
                    except Conflict:
                        continue

        _at_once([partial(write, writer) for writer in range(4)])
        read = log.read("s")
        assert [version for version, _ in read] == list(range(1, 41))
        assert len({event.key for _, event in read}) == 40

    def test_subscribers_hear_of_each_append_until_they_leave(self, log: EventLog) -> None:
        """After it can be read; leaving twice does no harm."""
        heard: list[tuple[str, int]] = []
        leave = log.subscribe(lambda stream: heard.append((stream, len(log.read(stream)))))
        log.append("s", (_event(1), _event(2)), expected=0)
        log.append("t", (_event(3),), expected=0)
        _raised(Conflict, lambda: log.append("t", (_event(4),), expected=0))
        leave()
        leave()
        log.append("s", (_event(5),), expected=2)
        assert heard == [("s", 2), ("t", 1)]

    def test_a_subscriber_may_append(self, log: EventLog) -> None:
        """No lock is held while it is called."""

        def answer(stream: str) -> None:
            if stream == "question":
                log.append("answer", (_event(),), expected=0)

        log.subscribe(answer)
        log.append("question", (_event(),), expected=0)
        assert log.read("answer") == [(1, _event())]


class ExecutionIndexContract:
    """Promises of an ``ExecutionIndex``; the fixture ``index`` is an empty one."""

    def test_a_record_says_what_was_submitted(self, index: ExecutionIndex) -> None:
        """And is found again as it was given."""
        record = index.submit(
            "build/app:1",
            kind="build",
            name="app",
            status="IN_PROGRESS",
            parent="pipeline/9",
            at=AT,
        )
        assert index.list() == [record]
        assert (record.stream, record.kind, record.name) == ("build/app:1", "build", "app")
        assert (record.status, record.parent, record.number) == ("IN_PROGRESS", "pipeline/9", 1)
        assert (record.created_at, record.updated_at, record.driven) == (AT, AT, False)

    def test_numbers_count_within_kind_and_name(self, index: ExecutionIndex) -> None:
        """From 1."""
        names = (("build", "a"), ("build", "a"), ("build", "b"), ("pipeline", "a"), ("build", "a"))
        numbers = [
            index.submit(
                f"{kind}/{n}", kind=kind, name=name, status="S", parent=None, at=AT
            ).number
            for n, (kind, name) in enumerate(names)
        ]
        assert numbers == [1, 2, 1, 1, 3]

    def test_numbers_are_given_once_when_many_submit(self, index: ExecutionIndex) -> None:
        """The one thing that the log cannot do."""
        _at_once([partial(_submit, index, f"build/{writer}") for writer in range(8)])
        assert sorted(record.number for record in index.list()) == list(range(1, 9))

    def test_a_stream_is_submitted_once(self, index: ExecutionIndex) -> None:
        """The second is a conflict, and takes no number."""
        _submit(index, "build/1")
        _raised(Conflict, lambda: _submit(index, "build/1"))
        _submit(index, "build/2")
        assert [(r.stream, r.number) for r in index.list()] == [("build/2", 2), ("build/1", 1)]

    def test_what_goes_wrong_while_an_execution_is_entered_leaves_no_entry(
        self, index: ExecutionIndex
    ) -> None:
        """And gives its number back."""

        def enter() -> None:
            with index.submission(
                "build/1", kind="build", name="app", status="S", parent=None, at=AT
            ) as record:
                raise Conflict(str(record.number))

        assert _raised(Conflict, enter).message == "1"
        assert index.list() == []
        _submit(index, "build/2")
        assert [record.number for record in index.list()] == [1]

    def test_a_new_status_is_noted_with_its_time(self, index: ExecutionIndex) -> None:
        """And nothing else changes."""
        _submit(index, "build/1")
        _submit(index, "build/2")
        index.update("build/1", "FAILED", AT + timedelta(seconds=5))
        newer, older = index.list()
        assert (newer.status, newer.updated_at) == ("S", AT)
        assert (older.status, older.updated_at) == ("FAILED", AT + timedelta(seconds=5))
        assert older.created_at == AT

    def test_lists_are_newest_first_of_a_kind_of_a_name_and_limited(
        self, index: ExecutionIndex
    ) -> None:
        """Newest is submitted last, whatever the time says."""
        for stream, kind, name in (
            ("build/1", "build", "a"),
            ("build/2", "build", "b"),
            ("pipeline/3", "pipeline", "a"),
            ("build/4", "build", "a"),
        ):
            index.submit(stream, kind=kind, name=name, status="S", parent=None, at=AT)
        assert _streams(index.list()) == ["build/4", "pipeline/3", "build/2", "build/1"]
        assert _streams(index.list(kind="build")) == ["build/4", "build/2", "build/1"]
        assert _streams(index.list(name="a")) == ["build/4", "pipeline/3", "build/1"]
        assert _streams(index.list(kind="build", name="a", limit=1)) == ["build/4"]
        assert index.list(kind="deployment") == []

    def test_an_execution_is_found_by_id_or_a_prefix_that_only_one_has(
        self, index: ExecutionIndex
    ) -> None:
        """A whole id wins over longer ones that begin with it."""
        for stream in ("build/app:1a", "build/app:1ab", "build/web:2f", "build/a%b_c"):
            _submit(index, stream)
        index.submit("pipeline/app", kind="pipeline", name="p", status="S", parent=None, at=AT)
        for asked, expected in (
            ("app:1a", "build/app:1a"),
            ("app:1ab", "build/app:1ab"),
            ("web", "build/web:2f"),
            ("2f", "build/web:2f"),  # the UUID's own beginning is what people copy
            ("a%b_", "build/a%b_c"),
        ):
            found = index.find("build", asked)
            assert found is not None
            assert found.stream == expected
        assert index.find("build", "nope") is None
        assert index.find("build", "a_p") is None
        assert index.find("deployment", "app") is None
        assert _raised(UsageError, lambda: index.find("build", "app:")).hint is not None

    def test_an_execution_is_found_by_the_number_that_lists_show(
        self, index: ExecutionIndex
    ) -> None:
        """Where two of one kind have it, their ids are said."""
        for stream, name in (
            ("build/app:a", "app"),
            ("build/app:1", "app"),
            ("build/web:b", "web"),
        ):
            index.submit(stream, kind="build", name=name, status="S", parent=None, at=AT)
        index.submit("pipeline/p", kind="pipeline", name="p", status="S", parent=None, at=AT)
        second, only = index.find("build", "2"), index.find("pipeline", "1")
        assert second is not None
        assert only is not None
        assert (second.stream, only.stream) == ("build/app:1", "pipeline/p")
        hint = _raised(UsageError, lambda: index.find("build", "1")).hint
        assert hint == "write one of app:a, web:b"

    def test_there_is_one_driver_at_a_time(self, index: ExecutionIndex) -> None:
        """A second one conflicts while the first lives, and only for that stream."""
        _submit(index, "build/1")
        _submit(index, "build/2")

        def drive() -> None:
            with index.drive("build/1"):
                pass

        with index.drive("build/1"):
            driven = {record.stream: record.driven for record in index.list()}
            assert driven == {"build/1": True, "build/2": False}
            _raised(Conflict, drive)
            with index.drive("build/2"):
                pass
        assert [record.driven for record in index.list()] == [False, False]
        drive()

    def test_a_driver_that_raises_is_no_driver_any_more(self, index: ExecutionIndex) -> None:
        """The exception goes through."""
        _submit(index, "build/1")

        def fail() -> None:
            with index.drive("build/1"):
                raise ZeroDivisionError

        _raised(ZeroDivisionError, fail)
        assert not index.list()[0].driven


class LogStoreContract:
    """Promises of a ``LogStore``; the fixture ``logs`` is an empty one."""

    def test_lines_are_read_as_they_were_written(self, logs: LogStore) -> None:
        """Whatever characters are in them."""
        texts = [
            "plain",
            "",
            "tab\there",
            "é\u2028\x85\x0b\x1b[0m",
            "back\\slash\\n",
            "a\rb",
            " x ",
        ]
        lines = [LogLine(at=AT, origin=f"BUILD/{n}", text=text) for n, text in enumerate(texts)]
        for line in lines:
            logs.append("build/app:1", line)
        assert [line for _, line in logs.read("build/app:1")] == lines

    def test_a_block_is_read_as_the_lines_that_it_holds(self, logs: LogStore) -> None:
        """Whatever characters are in them; a block without lines adds none."""
        texts = ["plain", "", "tab\there", "\x10n", "\r", "é", "two\nlines"]
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=texts))
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=["a", "b"]))
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=[]))
        expected = [LogLine(at=AT, origin="BUILD/1", text=text) for text in [*texts, "a", "b"]]
        assert [line for _, line in logs.read("s")] == expected

    def test_bytes_that_are_no_characters_come_back_to_who_asks_for_them(
        self, logs: LogStore
    ) -> None:
        """And everybody else reads U+FFFD."""
        data = b"a\xff\xed\xa0\x80\0 \xc3"
        text = data.decode(errors="surrogateescape")
        logs.extend("s", LogBlock(at=AT, origin="", texts=[text, "é"]))
        logs.append("s", _line("\ud800 is no byte"))
        exact = [line.text for _, line in logs.read("s", exact=True)]
        assert exact[:2] == [text, "é"]
        shown = [line.text for _, line in logs.read("s")]
        assert shown[:2] == [data.decode(errors="replace"), "é"]
        assert all(line.encode() for line in shown)

    def test_a_stream_without_lines_is_empty(self, logs: LogStore) -> None:
        """And streams do not mix."""
        logs.append("s", _line("x"))
        assert list(logs.read("t")) == []

    def test_reading_goes_on_at_any_offset_that_was_given(self, logs: LogStore) -> None:
        """So that a log can be followed."""
        for text in ("one", "zwei é", "three"):
            logs.append("s", _line(text))
        for position, (offset, _) in enumerate(list(logs.read("s"))):
            rest = [line.text for _, line in logs.read("s", after=offset)]
            assert rest == ["one", "zwei é", "three"][position + 1 :]
        end = [offset for offset, _ in logs.read("s")][-1]
        logs.append("s", _line("four"))
        assert [line.text for _, line in logs.read("s", after=end)] == ["four"]

    def test_dropping_an_origin_forgets_from_its_first_line_on(self, logs: LogStore) -> None:
        """It is about to be replayed; other streams, and an unknown origin, change nothing."""
        for text, origin in (("1", "a"), ("2", "b"), ("3", "a"), ("4", "b")):
            logs.append("s", _line(text, origin))
        logs.append("t", _line("5", "b"))
        logs.drop("s", "nobody")
        logs.drop("nothing", "b")
        assert [line.text for _, line in logs.read("s")] == ["1", "2", "3", "4"]
        logs.drop("s", "b")
        logs.append("s", _line("again", "b"))
        assert [line.text for _, line in logs.read("s")] == ["1", "again"]
        assert [line.text for _, line in logs.read("t")] == ["5"]

    def test_lines_of_many_writers_stay_whole(self, logs: LogStore) -> None:
        """Each writer's own lines stay in order."""

        def write(writer: int) -> None:
            for number in range(50):
                logs.append("s", _line(f"{number}" * 50, origin=str(writer)))

        _at_once([partial(write, writer) for writer in range(4)])
        read = [line for _, line in logs.read("s")]
        for writer in range(4):
            texts = [line.text for line in read if line.origin == str(writer)]
            assert texts == [f"{number}" * 50 for number in range(50)]

    def test_each_stream_has_its_own_path(self, logs: LogStore) -> None:
        """For people."""
        assert len({logs.path(s) for s in ("build/a:1", "build/a:2", "pipeline/1")}) == 3


class ArtifactStoreContract:
    """Promises of an ``ArtifactStore``; the fixture ``artifacts`` is an empty one."""

    def test_what_is_kept_is_listed_until_it_is_removed(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """By its digest, with a size and a time."""
        assert artifacts.kept() == []
        source = _write(tmp_path / "source", b"bytes")
        made = artifacts.put([ArtifactFile(path="a", source=source)])
        (kept,) = artifacts.kept()
        assert (kept.digest, kept.kept_at.tzinfo is not None) == (made.digest, True)
        assert kept.size >= made.size
        at = kept.kept_at.timestamp()
        assert not artifacts.remove(made.digest, unless_since=at - 60)
        assert artifacts.find(made.digest) == made
        for digest in (made.digest, made.digest, "../../etc/passwd"):
            assert artifacts.remove(digest, unless_since=at + 60)
        assert artifacts.kept() == []
        assert artifacts.find(made.digest) is None
        assert artifacts.put([ArtifactFile(path="a", source=source)]) == made

    def test_what_was_put_is_unpacked_with_modes_and_links(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """In folders of its own."""
        source = _write(tmp_path / "source", b"#!/bin/sh\n")
        artifact = artifacts.put(
            [
                ArtifactFile(path="bin/run", source=source, mode=0o755),
                ArtifactFile(path="text é.txt", source=source, mode=0o640),
                ArtifactFile(path="bin/link", source=source, link="run"),
            ]
        )
        artifacts.unpack(artifact, tmp_path / "out")
        out = tmp_path / "out"
        assert (out / "bin/run").read_bytes() == b"#!/bin/sh\n"
        assert (out / "bin/run").stat().st_mode & 0o777 == 0o755
        assert (out / "text é.txt").stat().st_mode & 0o777 == 0o640
        assert (out / "bin/link").is_symlink()
        assert str((out / "bin/link").readlink()) == "run"
        assert artifact.files == 3

    def test_the_same_files_give_the_same_digest(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """In any order, at any time; another name, mode or byte gives another one."""
        source = _write(tmp_path / "a", b"a")
        other = _write(tmp_path / "b", b"b")
        one, two = (ArtifactFile(path=path, source=source) for path in ("one", "two"))
        first = artifacts.put([one, two])
        assert artifacts.put([two, one]) == first
        digests = {
            artifacts.put([changed, two]).digest
            for changed in (
                one,
                ArtifactFile(path="three", source=source),
                ArtifactFile(path="one", source=source, mode=0o755),
                ArtifactFile(path="one", source=other),
            )
        }
        assert len(digests) == 4

    def test_an_artifact_is_found_by_its_digest(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """And its zip can be read by anyone."""
        artifact = artifacts.put([ArtifactFile(path="a", source=_write(tmp_path / "a", b"abc"))])
        assert artifacts.find(artifact.digest) == artifact
        assert artifacts.find("0" * 64) is None
        assert artifacts.find("../../etc/passwd") is None
        path = artifacts.path(artifact)
        assert path.stat().st_size == artifact.size
        with zipfile.ZipFile(path) as packed:
            assert packed.read("a") == b"abc"

    def test_nothing_at_all_is_an_artifact(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """An empty zip."""
        artifact = artifacts.put([])
        assert artifact.files == 0
        artifacts.unpack(artifact, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []

    def test_a_zip_is_kept_as_it_is(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """To the byte."""
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
            packed.writestr("folder/a", "abc")
        artifact = artifacts.put_zip(tmp_path / "a.zip")
        assert artifacts.path(artifact).read_bytes() == (tmp_path / "a.zip").read_bytes()
        assert artifact.files == 1

    def test_what_is_no_zip_is_refused(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """In words."""
        for content in (b"", b"no zip", b"PK\x03\x04 truncated"):
            path = _write(tmp_path / "not.zip", content)
            _raised(UsageError, partial(artifacts.put_zip, path))

    def test_nothing_is_unpacked_outside(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """Neither by name nor through a link."""
        link = zipfile.ZipInfo("down")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        bad: list[list[tuple[zipfile.ZipInfo | str, str]]] = [
            [("../escaped", "x")],
            [("a/../../escaped", "x")],
            [(str(tmp_path / "escaped"), "x")],
            [(link, ".."), ("down/escaped", "x")],
        ]
        for number, entries in enumerate(bad):
            path = tmp_path / f"{number}.zip"
            with zipfile.ZipFile(path, "w") as packed:
                for name, content in entries:
                    packed.writestr(name, content)

            def unpack(zip_path: Path = path, into: str = f"out/{number}") -> None:
                artifacts.unpack(artifacts.put_zip(zip_path), tmp_path / into)

            _raised(UsageError, unpack)
        assert list(tmp_path.rglob("escaped")) == []


def _submit(index: ExecutionIndex, stream: str) -> None:
    index.submit(stream, kind="build", name="n", status="S", parent=None, at=AT)


def _streams(records: list[ExecutionRecord]) -> list[str]:
    return [record.stream for record in records]


def _line(text: str, origin: str = "") -> LogLine:
    return LogLine(at=AT, origin=origin, text=text)


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _at_once(actions: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
