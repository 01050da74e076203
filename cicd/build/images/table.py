"""Which image stands in for one that a project names. Pure, and cheap to import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CURATED = "aws/codebuild/"
PUBLISHED = "public.ecr.aws/codebuild/"
RUNTIMES = "public.ecr.aws/lambda/"

_PYTHON = re.compile(r"python(3\.\d{1,2})")
_NODE = re.compile(r"nodejs(\d{2})\.x")

KNOWN = (
    "aws/codebuild/standard:7.0",
    "aws/codebuild/standard:8.0",
    "aws/codebuild/amazonlinux-x86_64-standard:5.0",
    "aws/codebuild/amazonlinux-x86_64-standard:6.0",
    "aws/codebuild/amazonlinux2-x86_64-standard:5.0",
    "aws/codebuild/amazonlinux-aarch64-standard:3.0",
    "aws/codebuild/amazonlinux-aarch64-standard:4.0",
    "python3.11",
    "python3.12",
    "python3.13",
    "nodejs20.x",
    "nodejs22.x",
)
"""The curated images, and the runtimes of functions, that the table lists in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: what a project names, what is used, and who says so."""

    name: str  # a name, or the beginning of names and "*"
    image: str
    origin: str  # "cicd.yml", a file's path, "the setting 'image'", "built in"


def is_curated(name: str) -> bool:
    """Tell whether AWS makes the image, for any machine that builds something."""
    return name.startswith((CURATED, PUBLISHED))


def stand_in(name: str, images: Mapping[str, str], default: str | None) -> str:
    """
    Give the image that is used for ``name``: itself where nothing else is said.

    Args:
        name: What the project names.
        images: The user's rows; "aws/codebuild/*" is any name that begins so.
        default: What stands in for a curated image that no row names.

    Source: curated images are published in the Amazon ECR Public Gallery as codebuild/….
    """
    row = _row(name, images)
    if row is not None:
        return images[row]
    if default is not None and is_curated(name):
        return default
    return published(name)


def published(name: str) -> str:
    """
    Give the name by which AWS publishes a curated image, or one of a runtime of functions.

    Any other one is as it is.
    """
    if name.startswith(CURATED):
        return PUBLISHED + name.removeprefix(CURATED)
    for pattern, image in ((_PYTHON, "python"), (_NODE, "nodejs")):
        match = pattern.fullmatch(name)
        if match is not None:
            return f"{RUNTIMES}{image}:{match[1]}"
    return name


def table(
    layers: Iterable[tuple[str, Mapping[str, str]]], default: str | None, wanted: Iterable[str]
) -> tuple[Row, ...]:
    """
    Give the whole table.

    Args:
        layers: The users' rows by where they stand, the strongest place first.
        default: The setting ``image``.
        wanted: Names that are listed beside the well-known ones.
    """
    images: dict[str, str] = {}
    origins: dict[str, str] = {}
    for origin, rows in layers:
        for name, image in rows.items():
            if name not in images:
                images[name], origins[name] = image, origin
    for name in (*wanted, *KNOWN):
        if name in origins:
            continue
        row = _row(name, images)
        if row is not None:
            origins[name] = f"{origins[row]}, '{row}'"
        elif default is not None and is_curated(name):
            origins[name] = "the setting 'image'"
        else:
            origins[name] = "its own name" if published(name) == name else "built in"
    return tuple(
        Row(name=name, image=stand_in(name, images, default), origin=origin)
        for name, origin in origins.items()
    )


def _row(name: str, images: Mapping[str, str]) -> str | None:
    """Find the row that speaks of a name: its own, else the longest pattern."""
    if name in images:
        return name
    patterns = (p for p in images if p.endswith("*") and name.startswith(p[:-1]))
    return max(patterns, key=len, default=None)
