"""Runtime versions of a build image, as its own ``runtimes.yml`` offers them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.document.node import Node

RUNTIMES = "/codebuild/image/config/runtimes.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectedRuntime:
    """One runtime that the image can switch to."""

    name: str
    version: str
    commands: tuple[str, ...]


def select_runtimes(
    image: Node, wanted: Sequence[tuple[str, str]]
) -> tuple[SelectedRuntime, ...] | str:
    """
    Choose among what the image offers, with the runtimes that those in turn require.

    Args:
        image: The image's ``runtimes.yml``.
        wanted: (name, version) pairs: exact, "18.x", or "latest".

    Returns:
        What to run, required runtimes first; or the message of a YAML_FILE_ERROR.

    Source: user guide, "Runtime versions"; the messages are the logs'.
    """
    offered = _children(_child(image, "runtimes"))
    chosen: dict[str, SelectedRuntime] = {}
    asked = dict(wanted)
    queue = list(wanted)
    while queue:
        name, version = queue.pop(0)
        if name not in offered:
            known = ", ".join(offered)
            return (
                f"Unknown runtime named '{name}'. "
                f"This build image has the following runtimes: {known}"
            )
        found = _version(offered[name], version)
        if found is None:
            known = ", ".join(_children(_child(offered[name], "versions")))
            return (
                f"Unknown runtime version named '{version}' of {name}. "
                f"This build image has the following versions: {known}"
            )
        exact, node = found
        for needed, at in _required(node):
            if asked.setdefault(needed, at) != at:
                return (
                    f"Runtime {name} {exact} requires {needed} {at}, "
                    f"but {needed} {asked[needed]} is selected"
                )
            if needed not in chosen and needed not in dict(queue):
                queue.append((needed, at))
        commands = _child(node, "commands")
        chosen[name] = SelectedRuntime(
            name=name,
            version=exact,
            commands=tuple(item.text for item in commands.items) if commands else (),
        )
    return tuple(reversed(chosen.values()))


def _version(runtime: Node, wanted: str) -> tuple[str, Node] | None:
    versions = _children(_child(runtime, "versions"))
    if wanted in versions:
        return wanted, versions[wanted]
    ordered = sorted(versions, key=_numbers)
    if wanted == "latest" and ordered:
        return ordered[-1], versions[ordered[-1]]
    major = wanted.removesuffix(".x")
    same = [v for v in ordered if v == major or v.startswith(f"{major}.")]
    if major != wanted and same:
        return same[-1], versions[same[-1]]
    fallback = _child(runtime, "default")
    return (wanted, fallback) if fallback is not None else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _required(node: Node) -> list[tuple[str, str]]:
    requires = _child(node, "requires")
    pairs = []
    for name, value in _children(requires).items():
        at = value.items[0] if value.kind is NodeKind.SEQUENCE and value.items else value
        pairs.append((name, at.text))
    return pairs


def _child(node: Node | None, key: str) -> Node | None:
    if node is None or key not in node.entries:
        return None
    value = node.entries[key].value
    return None if value.is_null else value


def _children(node: Node | None) -> Mapping[str, Node]:
    return {} if node is None else {key: entry.value for key, entry in node.entries.items()}
