"""A JSON file read whole, its size bounded, and its parts taken as what they must be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from cicd.build.reports.model import ReportUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

MAX_BYTES = 128 * 1024 * 1024


def read_json(file: BinaryIO) -> object:
    """Read a file of UTF-8; raises ``ReportUnreadable``, with line and column."""
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ReportUnreadable("larger than 128 MiB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = content.count(b"\n", 0, wrong.start) + 1
        column = wrong.start - content.rfind(b"\n", 0, wrong.start)
        raise ReportUnreadable("not UTF-8", line=line, column=column) from None
    if not text.strip():
        raise ReportUnreadable("the file is empty", line=1, column=1)
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_integer)
    except json.JSONDecodeError as wrong:
        raise ReportUnreadable(wrong.msg, line=wrong.lineno, column=wrong.colno) from None
    except RecursionError:
        raise ReportUnreadable("nested too deep") from None


def mapping(value: object, what: str) -> Mapping[str, object]:
    """Take an object; raises ``ReportUnreadable`` for anything else, named ``what``."""
    if isinstance(value, dict):
        return value
    raise ReportUnreadable(f"{what} is {_kind(value)}, not an object")


def sequence(value: object, what: str) -> Sequence[object]:
    """Take a list, None for an empty one; raises ``ReportUnreadable`` for anything else."""
    if value is None:
        return ()
    if isinstance(value, list):
        return value
    raise ReportUnreadable(f"{what} is {_kind(value)}, not a list")


def text(value: object) -> str:
    """Take a string; "" for anything else."""
    # A lone half of a surrogate pair cannot be written anywhere.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def number(value: object) -> float:
    """Take a number; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(value)


def _integer(digits: str) -> int:
    # No count or duration is that long, and Python takes long over it.
    return int(digits) if len(digits) < 20 else 0


def _refuse(constant: str) -> NoReturn:
    raise ReportUnreadable(f"{constant} is no number of JSON")


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "nothing" if value is None else kinds.get(type(value), "a number")
