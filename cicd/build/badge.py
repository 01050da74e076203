"""A project's badge: its newest build in a word, as a small picture. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.state import StatusType

if TYPE_CHECKING:
    from collections.abc import Mapping

PASSING, FAILING, IN_PROGRESS, UNKNOWN = "PASSING", "FAILING", "IN_PROGRESS", "UNKNOWN"
_COLOURS: Mapping[str, str] = {
    PASSING: "#2e7d32",
    FAILING: "#c62828",
    IN_PROGRESS: "#1565c0",
    UNKNOWN: "#616161",
}
_LABEL = "build"
_LETTER, _PADDING = 7.2, 12  # points: a capital of the face below, and what stands around words


def badge_word(status: str | None) -> str:
    """
    Give the word for the status of a newest build, None being that there is none.

    Source: user guide, "Build badges": failed, timed out, faulted and stopped builds all fail.
    """
    if status is None:
        return UNKNOWN
    if status == StatusType.IN_PROGRESS:
        return IN_PROGRESS
    return PASSING if status == StatusType.SUCCEEDED else FAILING


def badge(word: str) -> str:
    """Draw the badge that says ``word``, one of the four, as SVG."""
    left, right = (round(len(text) * _LETTER + _PADDING) for text in (_LABEL, word))
    whole = left + right
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img">
<title>{_LABEL}: {word}</title>
<clipPath id="edge"><rect width="{whole}" height="20" rx="3"/></clipPath>
<g clip-path="url(#edge)">
<rect width="{left}" height="20" fill="#37474f"/>
<rect x="{left}" width="{right}" height="20" fill="{_COLOURS[word]}"/>
</g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">
<text x="{left / 2}" y="14">{_LABEL}</text>
<text x="{left + right / 2}" y="14">{word}</text>
</g>
</svg>
"""
