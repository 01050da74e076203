r"""
One append-only log file a stream: ``<moment>\t<origin>\t<text>\n``, in UTF-8.

A file is named after its stream, ``/`` being a directory and everything unusual percent-encoded.
"""

from __future__ import annotations

import os
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from cicd.engine.output import as_bytes
from cicd.ports import LogBlock, LogLine
from cicd.store.disk import disk
from cicd.store.moments import moment, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OPEN_FILES = 64  # kept open at most; the rest is opened again when written to
_NAME_LENGTH = 200  # bytes; file systems take 255

# A text may hold any character and still be one line with three columns. Backslashes are common
# in logs and stay as they are for people and tools; the escape is a control character nobody uses.
_ESCAPE = "\x10"
_ESCAPED = {_ESCAPE: _ESCAPE + _ESCAPE, "\n": _ESCAPE + "n", "\t": _ESCAPE + "t"}
_PLAIN = {escaped: plain for plain, escaped in _ESCAPED.items()}
_TO_ESCAPE = {"text": re.compile("[\x10\n]"), "origin": re.compile("[\x10\n\t]")}
_TO_PLAIN = re.compile("\x10.")


class LogFiles:
    """
    The ``LogStore`` of the home; safe from any thread.

    What is written at once is one write, so readers in other processes see whole lines.
    """

    def __init__(self, directory: Path) -> None:
        """Keep the files below ``directory``, which is made when first written to."""
        self._directory = directory
        self._lock = threading.Lock()
        self._open: dict[str, int] = {}

    def append(self, stream: str, line: LogLine) -> None:
        """Write one line; raises ``Unavailable`` when the disk cannot take it."""
        self.extend(stream, LogBlock(at=line.at, origin=line.origin, texts=(line.text,)))

    def extend(self, stream: str, block: LogBlock) -> None:
        """Write lines in one piece; raises ``Unavailable`` when the disk cannot take them all."""
        if not block.texts:
            return
        columns = f"{written(block.at)}\t{_escaped(block.origin, 'origin')}\t"
        text = "\n".join(block.texts)
        if _ESCAPE in text or text.count("\n") >= len(block.texts):
            text = "\n".join(_escaped(each, "text") for each in block.texts)
        text = columns + text.replace("\n", f"\n{columns}") + "\n"
        data = as_bytes(text)
        path = self.path(stream)
        with self._lock, disk(path):
            file = self._file(stream, path)
            done = os.write(file, data)
            while done < len(data):
                # Only a disk that is just filling up writes less than asked.
                with _undone(file, done):
                    done += os.write(file, data[done:])

    def read(
        self, stream: str, *, after: int = 0, exact: bool = False
    ) -> Iterator[tuple[int, LogLine]]:
        """Give (offset after the line, line) from byte offset ``after`` on; none without a log."""
        path = self.path(stream)
        errors = "surrogateescape" if exact else "replace"
        if not path.exists():
            return
        with disk(path), path.open("rb") as file:
            file.seek(after)
            before: tuple[str, datetime] = ("", datetime.fromtimestamp(0, UTC))
            for data in file:
                if not data.endswith(b"\n"):
                    return
                after += len(data)
                before, line = _line(data.decode("utf-8", errors)[:-1], before)
                yield after, line

    def drop(self, stream: str, origin: str) -> None:
        """Forget everything from the first line of ``origin`` on; nothing if it never wrote."""
        path = self.path(stream)
        column = _escaped(origin, "origin").encode("utf-8", "replace")
        with self._lock, disk(path):
            if not path.exists():
                return
            offset = 0
            with path.open("r+b") as file:
                for data in file:
                    if data.split(b"\t", 2)[1:2] == [column]:
                        file.truncate(offset)
                        return
                    offset += len(data)

    def path(self, stream: str) -> Path:
        """Say where the log is."""
        *directories, name = [_file_name(part) for part in stream.split("/")]
        return self._directory.joinpath(*directories, f"{name}.log")

    def close(self) -> None:
        """Let go of the open files; the next write opens them again."""
        with self._lock:
            held, self._open = self._open, {}
        for file in held.values():
            os.close(file)

    def _file(self, stream: str, path: Path) -> int:
        file = self._open.pop(stream, None)
        if file is None:
            while len(self._open) >= _OPEN_FILES:
                os.close(self._open.pop(next(iter(self._open))))
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            _forget_torn_line(file)
        self._open[stream] = file  # last in: the least used is first
        return file


@contextmanager
def _undone(file: int, written_so_far: int) -> Iterator[None]:
    """Take back the half line that was written when the rest cannot be."""
    try:
        yield
    except OSError:
        os.ftruncate(file, os.fstat(file).st_size - written_so_far)
        raise


def _forget_torn_line(file: int) -> None:
    """Cut off what a power cut left of a line, so that the next one stands alone."""
    size = os.fstat(file).st_size
    end = size
    while end:
        start = max(0, end - 65536)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            end = start + found + 1
            break
        end = start
    if end != size:
        os.ftruncate(file, end)


def _escaped(text: str, column: str) -> str:
    return _TO_ESCAPE[column].sub(lambda found: _ESCAPED[found[0]], text)


def _plain(text: str) -> str:
    if _ESCAPE not in text:
        return text
    return _TO_PLAIN.sub(lambda found: _PLAIN.get(found[0], found[0]), text)


def _line(text: str, before: tuple[str, datetime]) -> tuple[tuple[str, datetime], LogLine]:
    """Read a line after one whose moment was written and read as ``before``, most often again."""
    columns = text.split("\t", 2)
    try:
        if columns[0] != before[0]:
            before = columns[0], moment(columns[0])
        _, origin, said = columns
    except ValueError:
        # Not ours (somebody edited the file): shown as it is, at the time of the line before.
        return before, LogLine(at=before[1], origin="", text=text)
    return before, LogLine(at=before[1], origin=_plain(origin), text=_plain(said))


@lru_cache(_OPEN_FILES)  # asked for with every line
def _file_name(part: str) -> str:
    # "~" ends a piece of a name too long for the file system, so no name may hold one;
    # a dot could hide the file, leave the directory, or look like the end of another's name.
    name = quote(part, safe="", errors="surrogatepass").replace("~", "%7E").replace(".", "%2E")
    pieces = [name[n : n + _NAME_LENGTH] for n in range(0, len(name), _NAME_LENGTH)] or ["%"]
    return "~/".join(pieces)
