"""Lists that are answered page by page: ``maxResults`` in, ``nextToken`` out. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from cicd.backends.endpoint.call import CallRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cicd.event import JSON

    Element = TypeVar("Element", bound=JSON)

MOST: Final = 100


def page(
    found: Iterable[Element],
    fields: Mapping[str, JSON],
    *,
    under: str,
    key: Callable[[Element], str],
    most: int = MOST,
) -> dict[str, JSON]:
    """
    Give one page of a list; what is not on it is not looked at.

    Args:
        found: The whole list, in its order.
        fields: The call's: "maxResults", 1 to ``most``, which is the default, and "nextToken".
        under: The answer's name for the list.
        key: Names an element. A token is the name of the last one that was seen: what is new
            at the list's beginning shifts no page.
        most: How many a page may have.

    Raises:
        CallRefused: For a size out of its range, and a token that nobody was given.

    """
    size = _size(fields.get("maxResults"), most)
    elements = iter(found)
    token = fields.get("nextToken")
    if token is not None:
        for element in elements:
            if key(element) == token:
                break
        else:
            raise CallRefused("InvalidNextTokenException", "the nextToken is not one of this list")
    shown: list[JSON] = []
    last = ""
    for element in elements:
        if len(shown) == size:
            return {under: shown, "nextToken": last}
        shown.append(element)
        last = key(element)
    return {under: shown}


def _size(asked: JSON, most: int) -> int:
    if asked is None:
        return most
    if not isinstance(asked, int) or isinstance(asked, bool) or not 1 <= asked <= most:
        raise CallRefused("ValidationException", f"'maxResults' must be 1 to {most}")
    return asked
