"""Every promise of ``ports.ExecutionIndex``, as tests."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from cicd.errors import Conflict, UsageError
from cicd.testing.contracts_asking import AT, at_once, raised

if TYPE_CHECKING:
    from cicd.ports import ExecutionIndex, ExecutionRecord


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
        at_once([partial(_submit, index, f"build/{writer}") for writer in range(8)])
        assert sorted(record.number for record in index.list()) == list(range(1, 9))

    def test_a_stream_is_submitted_once(self, index: ExecutionIndex) -> None:
        """The second is a conflict, and takes no number."""
        _submit(index, "build/1")
        raised(Conflict, lambda: _submit(index, "build/1"))
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

        assert raised(Conflict, enter).message == "1"
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
        assert raised(UsageError, lambda: index.find("build", "app:")).hint is not None

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
        hint = raised(UsageError, lambda: index.find("build", "1")).hint
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
            raised(Conflict, drive)
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

        raised(ZeroDivisionError, fail)
        assert not index.list()[0].driven


def _submit(index: ExecutionIndex, stream: str) -> None:
    index.submit(stream, kind="build", name="n", status="S", parent=None, at=AT)


def _streams(records: list[ExecutionRecord]) -> list[str]:
    return [record.stream for record in records]
