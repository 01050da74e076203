"""Ports in memory. They pass the contracts of their ports: tests on them mean something."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.secrets.reference import (
    CURRENT,
    parameter_name,
    read_secret_reference,
    under_key,
)
from cicd.engine.output import readable
from cicd.errors import Conflict, UsageError
from cicd.event import Event, EventKind
from cicd.ports import ExecutionRecord, LogLine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from cicd.build.secrets.reference import SecretReference
    from cicd.ports import Described, LogBlock


def counting_ids() -> Callable[[], str]:
    """Make a ``new_id`` whose UUIDs count from 1, so that runs can be compared to the byte."""
    numbers = count(1)
    return lambda: f"00000000-0000-4000-8000-{next(numbers):012x}"


class MemoryEventLog:
    """An ``EventLog``. Data goes through JSON text, as it would through a file."""

    def __init__(self) -> None:
        """Start without streams."""
        self._lock = threading.Lock()
        self._streams: dict[str, list[tuple[EventKind, datetime, str, str]]] = {}
        self._subscribers: dict[int, Callable[[str], None]] = {}
        self._numbers = count()

    def append(self, stream: str, events: Sequence[Event], *, expected: int) -> int:
        """Write all or nothing; raises ``Conflict``, and ``TypeError`` for data beyond JSON."""
        written = [(e.kind, e.at, e.key, json.dumps(e.data, allow_nan=False)) for e in events]
        with self._lock:
            known = self._streams.setdefault(stream, [])
            if len(known) != expected:
                raise Conflict(f"{stream} is at version {len(known)}, not {expected}")
            known.extend(written)
            subscribers = list(self._subscribers.values())
        for subscriber in subscribers:
            subscriber(stream)
        return expected + len(written)

    def read(self, stream: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """Give (version, event) pairs above ``after``."""
        written = self._streams.get(stream, [])[after:]
        return [
            (version, Event(kind=kind, at=at, key=key, data=json.loads(text)))
            for version, (kind, at, key, text) in enumerate(written, start=after + 1)
        ]

    def cut(self, stream: str, *, to: int) -> None:
        """Forget all events of a stream but the first ones, as if its driver had died there."""
        del self._streams[stream][to:]

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back after each append, on the appender's thread; returns the undoing."""
        with self._lock:
            number = next(self._numbers)
            self._subscribers[number] = callback

        def unsubscribe() -> None:
            with self._lock:
                self._subscribers.pop(number, None)

        return unsubscribe


class MemoryExecutionIndex:
    """An ``ExecutionIndex``."""

    def __init__(self) -> None:
        """Start without executions."""
        self._lock = threading.RLock()
        self._records: dict[str, ExecutionRecord] = {}  # oldest first
        self._driven: set[str] = set()

    def submit(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> ExecutionRecord:
        """Enter a new execution; raises ``Conflict`` for a stream that is there already."""
        with self.submission(
            stream, kind=kind, name=name, status=status, parent=parent, at=at
        ) as record:
            return record

    @contextmanager
    def submission(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> Iterator[ExecutionRecord]:
        """Enter a new execution when the ``with`` ends; what a log keeps meanwhile, it keeps."""
        with self._lock:
            if stream in self._records:
                raise Conflict(f"{stream} has been submitted already")
            same = [r for r in self._records.values() if (r.kind, r.name) == (kind, name)]
            record = ExecutionRecord(
                stream=stream,
                kind=kind,
                name=name,
                status=status,
                parent=parent,
                number=len(same) + 1,
                created_at=at,
                updated_at=at,
            )
            yield record
            self._records[stream] = record

    def update(self, stream: str, status: str, at: datetime) -> None:
        """Note a new status; a stream that was never submitted is left out."""
        with self._lock:
            if stream in self._records:
                record = self._records[stream]
                self._records[stream] = replace(record, status=status, updated_at=at)

    def list(
        self, *, kind: str | None = None, name: str | None = None, limit: int | None = None
    ) -> list[ExecutionRecord]:
        """Give the newest first."""
        found = [
            self._seen(record)
            for record in reversed(self._records.values())
            if kind in (None, record.kind) and name in (None, record.name)
        ]
        return found[:limit]

    def find(self, kind: str, written: str) -> ExecutionRecord | None:
        """Find by id, by number, or by a prefix that only one has."""
        by_id = {r.stream.partition("/")[2]: r for r in reversed(self.list(kind=kind))}
        if written in by_id:
            return by_id[written]
        numbered = [record for record in by_id.values() if str(record.number) == written]
        found = numbered or [
            record
            for id_, record in by_id.items()
            if id_.startswith(written) or f":{written}" in id_  # of the UUID
        ]
        if len(found) > 1:
            ids = [record.stream.partition("/")[2] for record in found]
            raise UsageError(
                f"'{written}' is more than one {kind}", hint=f"write one of {', '.join(ids)}"
            )
        return found[0] if found else None

    @contextmanager
    def drive(self, stream: str) -> Iterator[None]:
        """Be the one driver while inside."""
        with self._lock:
            if stream in self._driven:
                raise Conflict(f"{stream} is driven by somebody else")
            self._driven.add(stream)
        try:
            yield
        finally:
            with self._lock:
                self._driven.discard(stream)

    def _seen(self, record: ExecutionRecord) -> ExecutionRecord:
        driven = record.stream in self._driven
        return replace(record, driver="memory", driven=True) if driven else record


class MemoryLogStore:
    """A ``LogStore``. Offsets are line numbers."""

    def __init__(self) -> None:
        """Start without logs."""
        self._lock = threading.Lock()
        self._lines: dict[str, list[LogLine]] = {}

    def append(self, stream: str, line: LogLine) -> None:
        """Write one line."""
        with self._lock:
            self._lines.setdefault(stream, []).append(line)

    def extend(self, stream: str, block: LogBlock) -> None:
        """Write all lines of a block."""
        with self._lock:
            self._lines.setdefault(stream, []).extend(block.lines())

    def read(
        self, stream: str, *, after: int = 0, exact: bool = False
    ) -> Iterator[tuple[int, LogLine]]:
        """Give (offset after the line, line) from offset ``after`` on."""
        with self._lock:
            lines = self._lines.get(stream, [])[after:]
        if not exact:
            lines = [replace(line, text=readable((line.text,))[0]) for line in lines]
        return iter(list(enumerate(lines, start=after + 1)))

    def drop(self, stream: str, origin: str) -> None:
        """Forget everything from the first line of ``origin`` on."""
        with self._lock:
            lines = self._lines.get(stream, [])
            origins = [line.origin for line in lines]
            if origin in origins:
                del lines[origins.index(origin) :]

    def path(self, stream: str) -> Path:
        """Say where the log would be."""
        return Path("memory") / stream

    def texts(self, stream: str) -> list[str]:
        """Give the lines' texts; for asserts."""
        return [line.text for _, line in self.read(stream)]


class MemorySecrets:
    """A ``SecretSource``."""

    def __init__(
        self, parameters: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None
    ) -> None:
        """Take the values by name and by reference."""
        self._parameters = dict(parameters or {})
        self._secrets = dict(secrets or {})

    def parameter(self, name: str) -> str | None:
        """Value of a parameter."""
        return self._parameters.get(parameter_name(name))

    def secret(self, reference: str) -> str | None:
        """Value behind a reference as it was given, else a key of the secret of that version."""
        if reference in self._secrets:
            return self._secrets[reference]
        asked = read_secret_reference(reference)
        value = self._secrets.get(_version_of(asked))
        if value is None or not asked.json_key:
            return value
        return under_key(value, asked, hint=self.secret_hint(reference))

    def parameter_place(self, name: str) -> str | None:
        """Say that it is in memory."""
        return "memory" if parameter_name(name) in self._parameters else None

    def secret_place(self, reference: str) -> str | None:
        """Say that it is in memory."""
        if reference in self._secrets:
            return "memory"
        return "memory" if _version_of(read_secret_reference(reference)) in self._secrets else None

    def parameter_hint(self, name: str) -> str:
        """Name the parameter."""
        return f"give parameter {name}"

    def secret_hint(self, reference: str) -> str:
        """Name the secret."""
        return f"give secret {reference}"


def _version_of(asked: SecretReference) -> str:
    version = asked.version_id or asked.version_stage
    return asked.name if version == CURRENT else f"{asked.name}:{version}"


class RecordingReporter:
    """A ``Reporter`` that keeps what it is told."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.events: list[tuple[str, Event, Described]] = []
        self.lines: list[tuple[str, LogLine]] = []

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Keep an event."""
        self.events.append((stream, event, said))

    def line(self, stream: str, line: LogLine) -> None:
        """Keep a line."""
        self.lines.append((stream, line))

    def block(self, stream: str, block: LogBlock) -> None:
        """Keep lines."""
        self.lines += [(stream, line) for line in block.lines()]

    def said(self, stream: str | None = None) -> list[str]:
        """Give what people would read, empty texts left out; of one stream, or of all."""
        return [d.text for s, _, d in self.events if d.text and stream in (None, s)]
