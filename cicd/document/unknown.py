"""A key that nobody reads: what is said of it, and what was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.document.fix import Fix
from cicd.document.position import brief
from cicd.document.problem import Problem, Severity
from cicd.nearest import closest, only_close

if TYPE_CHECKING:
    from collections.abc import Collection

    from cicd.document.node import Entry
    from cicd.document.problem import Problems


def note_unknown(
    entry: Entry,
    problems: Problems,
    *,
    rule: str,
    what: str,
    known: Collection[str],
    free: Collection[str],
    aside: str = "",
    home: str = "",
    severity: Severity = Severity.WARNING,
) -> None:
    """
    Note a key that means nothing, with the one of ``free`` that it is a slip of.

    Args:
        entry: The key, with its value.
        problems: Where to note it.
        rule: The rule's whole name.
        what: What it is not a key of: "'env'", "a script".
        known: All keys that mean something there.
        free: Those of them that are not written already.
        aside: What to add to the message.
        home: Where the key does mean something: "below 'env'"; "" where that is not known.
        severity: How grave it is.

    """
    near, sure = closest(entry.key, free), only_close(entry.key, free)
    hint = f"did you mean '{near}'?" if near else None
    if home:
        hint, sure = f"it stands {home}", None
    problems.add(
        Problem(
            rule=rule,
            severity=severity,
            message=f"'{brief(entry.key)}' is not a key of {what}{aside}",
            span=entry.key_span,
            hint=hint,
            note=f"the keys of {what} are {', '.join(known)}" if known else None,
            fix=Fix.word(entry.key_span, sure) if sure else None,
        )
    )
