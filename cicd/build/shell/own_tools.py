"""The tools that a plain image has anyway, against the versions that were asked for."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# How each runtime says its own version.
_ASK: Mapping[str, str] = MappingProxyType(
    {
        "dotnet": "dotnet --version",
        "golang": "go version",
        "java": "java -version",
        "nodejs": "node --version",
        "php": "php --version",
        "python": "python3 --version 2>/dev/null || python --version",
        "ruby": "ruby --version",
        "rust": "rustc --version",
    }
)
_LINE = "cicd-runtime"


def question(names: Sequence[str]) -> str:
    """Write the script that asks an image for the versions of its own tools."""
    lines = [
        f"echo {_LINE} {name} $({{ {_ASK[name]}; }} 2>&1 | head -n 1)"
        for name in names
        if name in _ASK
    ]
    return "\n".join(lines) or ":"


def differences(wanted: Sequence[tuple[str, str]], answer: str) -> tuple[str, ...]:
    """
    Say in a line each which tools are not of the version asked for.

    Args:
        wanted: (name, version) pairs of ``runtime-versions``.
        answer: What the script of ``question`` printed.
    """
    said = {}
    for line in answer.splitlines():
        mark, _, rest = line.partition(" ")
        if mark == _LINE:
            name, _, words = rest.partition(" ")
            said[name] = words
    lines = []
    for name, version in wanted:
        if name not in said:
            continue
        found = re.search(r"\d+(?:\.\d+)*", said[name])
        if found is None or "not found" in said[name]:
            lines.append(f"{name} {version} is asked for, and this image has no {name}")
        elif not _is(version, found[0]):
            lines.append(f"{name} {version} is asked for, and this image has {name} {found[0]}")
    return tuple(lines)


def _is(wanted: str, there: str) -> bool:
    """Tell whether a version is the one that is meant: "18" and "18.x" are any 18."""
    numbers = re.findall(r"\d+", wanted)
    own = there.split(".")
    if own[:1] == ["1"] and wanted.startswith(("corretto", "openjdk")):
        own = own[1:]  # java 8 calls itself 1.8
    return own[: len(numbers)] == numbers
