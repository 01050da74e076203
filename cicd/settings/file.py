"""A file of settings: TOML, what it says and where, and its table of images."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Final

from cicd.errors import Unavailable, UsageError
from cicd.settings.choice import EXAMPLE, Choice

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_IMAGES: Final = "images"
_IMAGES_EXAMPLE: Final = (
    '[images] holds lines like  "aws/codebuild/standard:7.0" = "python:3.12-slim"'
)


class SettingsFile:
    """
    What one file says; a file that is not there says nothing.

    Raises:
        UsageError: It is no TOML, with its line and column; or what it says is no setting.
        Unavailable: It cannot be read.

    """

    def __init__(self, path: Path) -> None:
        """Read it."""
        self._path = path
        self._text = _read(path)
        try:
            self._table = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(path, self._text, str(error)) from None

    def choices(self, names: Collection[str]) -> dict[str, Choice]:
        """Give the settings of these names that stand in it; others may not."""
        found = {}
        for name, value in self._table.items():
            if name == _IMAGES:
                continue
            where = self._where(name)
            if name not in names:
                raise UsageError(
                    f"{where}: '{name}' is not a setting",
                    hint=f"the settings are {', '.join((*names, _IMAGES))}",
                )
            # bool is an int to Python, but never a number of jobs to people
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise UsageError(f"{where}: '{name}' takes a text or a number", hint=EXAMPLE)
            found[name] = Choice(value=value, where=where)
        return found

    def images(self) -> dict[str, str]:
        """Give its table ``[images]``."""
        rows = self._table.get(_IMAGES, {})
        if not isinstance(rows, dict):
            raise UsageError(
                f"{self._where(_IMAGES)}: '{_IMAGES}' is a table", hint=_IMAGES_EXAMPLE
            )
        for name, image in rows.items():
            if not isinstance(image, str) or not image.strip():
                words = f"what stands in for '{name}' is not the name of an image"
                raise UsageError(f"{self._where(name)}: {words}", hint=_IMAGES_EXAMPLE)
        return dict(rows)

    def _where(self, name: str) -> str:
        """Give the line that a name stands in."""
        pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=.\]]")
        lines = self._text.splitlines()
        line = next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 1)
        return f"{self._path}:{line}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 at byte {error.start}", hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> Unavailable:
    try:
        path.lstat()
    except PermissionError:  # of the directory: whether there is such a file is not known
        return Unavailable(
            f"{path.parent} is not open to you: {error.strerror}",
            hint="if it is somebody else's state, name one of your own with --home or CICD_HOME",
        )
    return Unavailable(
        f"{path} cannot be read: {error.strerror}", hint="make it readable, or remove it"
    )


def _not_toml(path: Path, text: str, said: str) -> UsageError:
    # Before Python 3.14 the position stands only in the words: "… (at line 3, column 5)".
    position = r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)"
    match = re.fullmatch(position, said, re.DOTALL)
    what, line, column = match.groups() if match else (said, None, None)
    lines = text.split("\n")
    where = f"{path}:{line or len(lines)}:{column or len(lines[-1]) + 1}"
    return UsageError(f"{where}: {what[:1].lower()}{what[1:]}", hint=EXAMPLE)
