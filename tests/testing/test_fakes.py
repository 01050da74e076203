from __future__ import annotations

import pytest

from cicd.event import Event, EventKind
from cicd.ports import Described, LogLine
from cicd.testing.clock import START
from cicd.testing.contracts_events import EventLogContract
from cicd.testing.contracts_executions import ExecutionIndexContract
from cicd.testing.contracts_logs import LogStoreContract
from cicd.testing.fakes import (
    MemoryEventLog,
    MemoryExecutionIndex,
    MemoryLogStore,
    RecordingReporter,
    counting_ids,
)


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def log(self):
        return MemoryEventLog()


class TestMemoryExecutionIndex(ExecutionIndexContract):
    @pytest.fixture
    def index(self):
        return MemoryExecutionIndex()


class TestMemoryLogStore(LogStoreContract):
    @pytest.fixture
    def logs(self):
        return MemoryLogStore()


def test_data_that_no_file_could_hold_is_refused_in_memory_too():
    event = Event(kind=EventKind.SUBMITTED, at=START, data={"plan": object()})
    with pytest.raises(TypeError):
        MemoryEventLog().append("s", (event,), expected=0)


def test_ids_are_uuids_that_count_from_one():
    new_id = counting_ids()
    assert [
        "00000000-0000-4000-8000-000000000001",
        "00000000-0000-4000-8000-000000000002",
    ] == [new_id(), new_id()]


def test_a_reporter_keeps_what_it_is_told():
    reporter = RecordingReporter()
    event = Event(kind=EventKind.SUBMITTED, at=START)
    line = LogLine(at=START, origin="", text="x")
    reporter.event("a", event, Described(text="begun"))
    reporter.event("b", event, Described(text=""))
    reporter.event("b", event, Described(text="ended"))
    reporter.line("a", line)
    assert ["begun", "ended"] == reporter.said()
    assert ["ended"] == reporter.said("b")
    assert [("a", line)] == reporter.lines
