"""The audit log of a home: a file of JSON lines that are chained, and its head beside it."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cicd.observe.chain import Break, Head, head_after, link, verify
from cicd.store.disk import disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.event import JSON

FILE, HEAD = "audit.jsonl", "audit.head"


class AuditLog:
    """
    Appended to by any process; nothing here changes or removes a record.

    A record is on the disk before the head says so: a process that is killed in between leaves
    one more record than the head tells of, which is no tampering. What it leaves of half a line
    is taken away by the next.
    """

    def __init__(self, home: Path) -> None:
        """Use the files of ``home``, which are made when first written to."""
        self.path = home / FILE
        self._head = home / HEAD

    def append(self, record: Mapping[str, JSON]) -> None:
        """Add a record; raises ``Unavailable`` where the disk cannot."""
        with disk(self.path), self._locked() as number:
            head = self._last(number)
            line, head = link(record, head)
            begin = "" if _ends_a_line(number) else "\n"
            os.write(number, f"{begin}{line}\n".encode())
            os.fsync(number)
            self._note(head, os.lseek(number, 0, os.SEEK_END))

    def records(self) -> Iterator[dict[str, JSON]]:
        """Give what can be read, the oldest first."""
        for line in self._lines():
            try:
                found = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield found

    def verify(self) -> tuple[Head, list[Break]]:
        """Say where the log ends, and where its chain does not hold."""
        noted = self._noted()
        return verify(self._lines(), noted[0] if noted else None)

    def _lines(self) -> Iterator[str]:
        if not self.path.exists():
            return
        with disk(self.path), self.path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                yield line.rstrip("\n")

    @contextmanager
    def _locked(self) -> Iterator[int]:
        number = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield number
        finally:
            os.close(number)

    def _last(self, number: int) -> Head:
        """Give the head to go on from, behind what a killed process wrote without noting it."""
        noted = self._noted()
        size = os.lseek(number, 0, os.SEEK_END)
        head, at = noted or (Head(), 0)
        if size <= at:  # cut off: go on from what was, so that the gap shows
            return head
        tail = os.pread(number, size - at, at)
        whole, _, torn = tail.rpartition(b"\n")
        if torn:
            os.ftruncate(number, size - len(torn))
        for line in whole.splitlines():
            head = head_after(line) or head
        return head

    def _noted(self) -> tuple[Head, int] | None:
        """Read the head, and how many bytes of the log it speaks of."""
        try:
            found = json.loads(self._head.read_bytes())
            head = Head(count=int(found["count"]), digest=str(found["digest"]))
            return head, int(found["bytes"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _note(self, head: Head, size: int) -> None:
        fresh = self._head.with_name(f".{HEAD}.{os.getpid()}")
        said = {"count": head.count, "digest": head.digest, "bytes": size}
        fresh.write_text(json.dumps(said), encoding="utf-8")
        fresh.replace(self._head)


def _ends_a_line(number: int) -> bool:
    """Tell whether nothing cut the last line: what is appended to half of one is not read."""
    size = os.lseek(number, 0, os.SEEK_END)
    return size == 0 or os.pread(number, 1, size - 1) == b"\n"
