"""The file of settings, changed in one line: whatever else people wrote there stays."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.store.disk import disk

if TYPE_CHECKING:
    from pathlib import Path

_TABLE = re.compile(r"\s*\[\s*(?:images|\"images\")\s*\]\s*(#.*)?")
_ANY_TABLE = re.compile(r"\s*\[")


def set_image(path: Path, name: str, image: str | None) -> bool:
    """
    Write one row of the table ``[images]``, or remove it (``image`` None).

    Returns:
        Whether there was such a row before.

    Raises:
        UsageError: The file is written in a way that no single line of it can be changed.
        Unavailable: It cannot be read or written.
    """
    with disk(path):
        text = path.read_text("utf-8") if path.exists() else ""
        before = _images(text)
        if image is None and name not in before:
            return False
        lines = _changed(text.splitlines(), name, image)
        new = "\n".join(lines) + "\n" if lines else ""
        wanted = {key: value for key, value in before.items() if key != name}
        if image is not None:
            wanted[name] = image
        if _images(new) != wanted:
            raise UsageError(
                f"the images in {path} are not written a line a row",
                hint=f"write it there yourself:  {_row(name, image or '')}",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.new")
        fresh.write_text(new, "utf-8")
        fresh.replace(path)
    return name in before


def _images(text: str) -> dict[str, object]:
    import tomllib

    try:
        found = tomllib.loads(text).get("images", {})
    except tomllib.TOMLDecodeError:
        return {"": None}  # what no wish is equal to
    return found if isinstance(found, dict) else {"": None}


def _changed(lines: list[str], name: str, image: str | None) -> list[str]:
    """Give the lines with the row in them: where it stood, else last in its table."""
    start = next((n for n, line in enumerate(lines) if _TABLE.fullmatch(line)), None)
    if start is None:
        above = [*lines, ""] if lines and lines[-1].strip() else lines
        return [*above, "[images]", _row(name, image or "")]
    rest = range(start + 1, len(lines))
    end = next((n for n in rest if _ANY_TABLE.match(lines[n])), len(lines))
    key = re.compile(rf"\s*(?:{re.escape(json.dumps(name))}|'{re.escape(name)}')\s*=")
    for number in range(start + 1, end):
        if key.match(lines[number]):
            comment = re.search(r"""=\s*(?:"[^"\\]*"|'[^']*')(\s*#.*)$""", lines[number])
            kept = [] if image is None else [_row(name, image) + (comment[1] if comment else "")]
            return [*lines[:number], *kept, *lines[number + 1 :]]
    while end > start + 1 and not lines[end - 1].strip():
        end -= 1
    return [*lines[:end], _row(name, image or ""), *lines[end:]]


def _row(name: str, image: str) -> str:
    return f"{json.dumps(name)} = {json.dumps(image)}"
