"""The one place where an exception becomes a message and an exit status."""

from __future__ import annotations

import errno
import io
import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

from cicd.errors import CicdError, DocumentError, ExitCode, refused_path

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from _typeshed import ReadableBuffer

    from cicd.event import JSON


# What a machine may refuse at any place, with what to do about it; anything else is a bug of ours.
_REFUSALS = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some of your quota",
    errno.EFBIG: "raise the limit of file sizes (ulimit -f)",
    errno.EROFS: "that file system is read-only: name another place",
    errno.EACCES: "make it usable for you, or name another place",
    errno.EPERM: "make it usable for you, or name another place",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
    errno.ENFILE: "end some programs: this machine has too many open files",
    errno.ENOMEM: "end some programs: this machine has no memory left",
    errno.EISDIR: "name a file: that is a directory",
    errno.ENOTDIR: "something on that path is no directory",
    errno.EIO: "look at that disk",
    errno.EBADF: "it must be open for writing",
    errno.ELOOP: "look at the links on that path",
    errno.ENAMETOOLONG: "shorten the name",
}


def ended(act: Callable[[], int | None], asked: Sequence[str]) -> int:
    """Do what the words ``asked`` ask for, and return the exit status; no exception leaves."""
    _open_streams()
    try:
        status = int(act() or 0)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # the reader has gone: ``| head``
        forget(sys.stdout)
        return ExitCode.UNREAD
    except DocumentError as failure:
        _show_problems(failure, asked)
        return failure.exit_code
    except CicdError as failure:
        _show(asked, failure.message, failure.hint, failure.exit_code)
        return failure.exit_code
    except OSError as failure:
        if failure.errno not in _REFUSALS:
            return _crashed(failure, asked)
        return _refused(failure, asked)
    except UnicodeEncodeError:  # what is written for people is not: see _open_streams
        hint = "write it in UTF-8"
        _show(asked, "one of the words holds bytes that are no text", hint, ExitCode.USAGE)
        return ExitCode.USAGE
    except RuntimeError as failure:
        told = refused_path(failure)
        if told is None:
            return _crashed(failure, asked)
        _show(asked, told.message, told.hint, told.exit_code)
        return told.exit_code
    except Exception as failure:  # noqa: BLE001 - the last line: a bug becomes a crash report
        return _crashed(failure, asked)
    return _handed_over(status, asked)


def _handed_over(status: int, asked: Sequence[str]) -> int:
    """Write what is left to write; what was done is done, whoever still reads."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        forget(sys.stdout)
    except OSError as failure:
        refused = failure.errno in _REFUSALS
        return status or (_refused(failure, asked) if refused else _crashed(failure, asked))
    return status


class _Said(io.FileIO):
    """Standard error: what nobody takes of it is lost, and changes nothing."""

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, if anybody takes it."""
        try:
            return super().write(data) or 0
        except OSError:
            return memoryview(data).nbytes


def _open_streams() -> None:
    """Make standard output and error usable, whatever the caller closed, whatever the locale."""
    while (
        descriptor := os.open(os.devnull, os.O_RDWR)
    ) <= 2:  # `>&-`: else a file takes its place
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - the standard library's own signature
    os.close(descriptor)
    # They stay open to the end, which is why no "with" closes them.
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that is not UTF-8, or a terminal that is not, must not end a run.
            stream.reconfigure(errors="backslashreplace")
    if type(sys.stderr) is io.TextIOWrapper and sys.stderr.fileno() == 2:
        raw = io.BufferedWriter(_Said(2, "w", closefd=False))
        sys.stderr = io.TextIOWrapper(
            raw, sys.stderr.encoding, "backslashreplace", line_buffering=True
        )


def forget(stream: TextIO) -> None:
    """Write no more to a stream that takes nothing, now or at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _refused(failure: OSError, asked: Sequence[str]) -> ExitCode:
    from cicd.document.position import brief

    reason = failure.strerror or type(failure).__name__
    # Only writing to a stream gives an exception without a path.
    what = brief(str(failure.filename)) if failure.filename is not None else "standard output"
    code = ExitCode.USAGE if failure.errno == errno.ENAMETOOLONG else ExitCode.UNAVAILABLE
    if failure.filename is None:
        forget(sys.stdout)
        asked = ("--output=plain",)  # what JSON would be written to is what is lost
    _show(asked, f"{what} cannot be used: {reason}", _REFUSALS[failure.errno or 0], code)
    return code


def _show(asked: Sequence[str], message: str, hint: str | None, code: ExitCode) -> None:
    from cicd.document.position import harmless

    if _wants_json(asked):
        _json({"error": {"message": message, "hint": hint, "exitCode": int(code)}})
        return
    # Colour is of the two first words only: nothing else comes with codes of its own.
    red, cyan, end = ("\33[31;1m", "\33[36m", "\33[0m") if _coloured() else ("", "", "")
    tell(f"{red}error: {end}{harmless(message)}")
    if hint:
        tell(f"{cyan}hint: {end}{harmless(hint)}")


def tell(text: str) -> None:
    """Say it on standard error; where that takes nothing, the exit status says it alone."""
    _say(sys.stderr, text)


def _say(stream: TextIO, text: str) -> None:
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except OSError:
        forget(stream)


def _show_problems(failure: DocumentError, asked: Sequence[str]) -> None:
    from cicd.cli.show.problems import as_json, render

    if _wants_json(asked):
        _json({"problems": as_json(failure.problems), "exitCode": int(failure.exit_code)})
        return
    tell(render(failure.problems, colour=_coloured()))


def _crashed(failure: Exception, asked: Sequence[str]) -> ExitCode:
    import tempfile
    import traceback

    from cicd import __version__

    try:
        handle, path = tempfile.mkstemp(prefix="cicd-crash-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as report:
            report.write(f"cicd {__version__}, Python {sys.version}\n")
            report.write("".join(traceback.format_exception(failure)))
        where = f"a report without your command line or environment was written to {path}"
    except OSError as reason:
        where = f"a report of it could not be written: {reason.strerror}"
    _show(asked, f"a bug in cicd: {type(failure).__name__}", where, ExitCode.BUG)
    return ExitCode.BUG


def _wants_json(asked: Sequence[str]) -> bool:
    """Tell whether JSON was asked for, even on a line that could not be parsed."""
    if any(word == "--output" or word.startswith("--output=") for word in asked):
        return "--output=json" in asked or ("--output", "json") in pairwise(asked)
    return os.environ.get("CICD_OUTPUT") == "json"


def _json(value: JSON) -> None:
    import json

    _say(sys.stdout, json.dumps(value, ensure_ascii=False))


def _coloured() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")
