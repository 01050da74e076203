"""The name that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHORTEST = 5  # shorter names are near one another without being slips
_LONGEST = 64  # nobody mistypes one letter of something longer than any of our names


def closest(word: str, options: Iterable[str]) -> str | None:
    """
    Give the one option that ``word`` is most likely a slip of; ``None`` if none is near.

    Near means: at most a third of its letters changed, added, left out or swapped with their
    neighbour (one is always allowed from three letters on), upper and lower case, and "-" for "_",
    not counted. Of several equally near ones the first is given. Where none is near, it is the
    only one that begins as ``word`` does.
    """
    known = tuple(map(str, options))
    best = _nearest(word, known)
    if best:
        return best[0]
    begun = [o for o in known if len(word) > 2 and _plain(o).startswith(_plain(word))]
    return begun[0] if len(begun) == 1 else None


def only_close(word: str, options: Iterable[str]) -> str | None:
    """
    Give the option that ``word`` is a slip of, if no other is as near; see ``closest``.

    For corrections that nobody looks at before they are made.
    """
    best = _nearest(word, options)
    return best[0] if len(best) == 1 else None


def slip(word: str, options: Iterable[str]) -> str | None:
    """
    Give the one option that differs from ``word`` as by a slip of the fingers, in its spelling.

    Two neighbours changed places, or a letter in the middle is missing or too many. Not another
    letter, and not one more at the end: names such as TAG and TAGS, V1 and V2 are both meant.
    """
    found = {option for option in options if _slipped(word, option) or _slipped(option, word)}
    return found.pop() if len(found) == 1 else None


def _slipped(one: str, other: str) -> bool:
    """Tell whether ``other`` is ``one`` with a swap, or without one of its inner letters."""
    if len(one) < _SHORTEST or one == other:
        return False
    at = next((i for i, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    if len(one) == len(other) + 1:
        return 0 < at < len(one) - 1 and one[:at] + one[at + 1 :] == other
    return one[:at] + one[at : at + 2][::-1] + one[at + 2 :] == other


def _nearest(word: str, options: Iterable[str]) -> list[str]:
    """Give the nearest options, all at the same distance, in their order."""
    written = _plain(word)
    allowed = max(1, len(written) // 3) if len(written) > 2 else 0
    letters = set(written)
    best: list[str] = []
    best_distance = allowed
    if len(word) > _LONGEST:
        return []
    for option in dict.fromkeys(map(str, options)):
        candidate = _plain(option)
        if abs(len(candidate) - len(written)) > best_distance:
            continue
        # A letter that is missing costs one edit: most words need not be measured.
        if len(letters - set(candidate)) > best_distance:
            continue
        distance = _distance(written, candidate)
        if distance < best_distance:
            best, best_distance = [option], distance
        elif distance == best_distance:
            best.append(option)
    return best


def _plain(word: str) -> str:
    """Leave out what slips are not about: upper case, and what joins the parts of a name."""
    return word.casefold().replace("_", "-")


def _distance(one: str, other: str) -> int:
    """Count edits, a swap of neighbours being one (optimal string alignment)."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, counterpart in enumerate(other, start=1):
            cost = min(
                last[column] + 1,
                current[column - 1] + 1,
                last[column - 1] + (letter != counterpart),
            )
            swapped = (
                row > 1
                and column > 1
                and letter == other[column - 2]
                and one[row - 2] == counterpart
            )
            if swapped:
                cost = min(cost, before_last[column - 2] + 1)
            current.append(cost)
        before_last, last = last, current
    return last[-1]
