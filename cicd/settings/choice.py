"""One value that somebody wrote, and whether it is one that may be chosen."""

from __future__ import annotations

import re
from typing import Final

from cicd.errors import UsageError
from cicd.record import dataclass

MAXIMUM_JOBS: Final = 256
EXAMPLE: Final = 'write it like  runner = "sandbox"  or  jobs = 4'


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value, and where it was written, for messages."""

    value: str | int
    where: str


def one_of(choice: Choice | None, allowed: tuple[str, ...]) -> str | None:
    """Give one of the words that are allowed; raises ``UsageError``. None: nobody chose."""
    if choice is None:
        return None
    if choice.value not in allowed:
        raise UsageError(
            f"{choice.where}: '{choice.value}' is not one of {', '.join(allowed)}",
            hint=f"write one of {', '.join(allowed)}",
        )
    return str(choice.value)


def of_form(choice: Choice | None, pattern: str, examples: str) -> str | None:
    """Give a text of a form, in any case; raises ``UsageError``. None: nobody chose."""
    if choice is None:
        return None
    written = str(choice.value).strip()
    if re.fullmatch(pattern, written, re.IGNORECASE) is None:
        raise UsageError(
            f"{choice.where}: '{written}' cannot be understood", hint=f"write {examples}"
        )
    return written


def count(choice: Choice | None, what: str) -> int | None:
    """Give a number from 1 to MAXIMUM_JOBS; raises ``UsageError``. None: nobody chose."""
    if choice is None:
        return None
    written = str(choice.value).strip()
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= MAXIMUM_JOBS):
        raise UsageError(
            f"{choice.where}: '{written}' is not a number of {what}",
            hint=f"write a whole number from 1 to {MAXIMUM_JOBS}",
        )
    return int(written)


def word(choice: Choice | None) -> str | None:
    """Give a name; raises ``UsageError``. None: nobody chose."""
    if choice is None:
        return None
    if not isinstance(choice.value, str) or not choice.value.strip():
        raise UsageError(f"{choice.where}: '{choice.value}' is not a name", hint=EXAMPLE)
    return choice.value.strip()
