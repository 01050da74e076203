"""Runtime versions of a build image, as its own ``runtimes.yml`` offers them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.node import NodeKind
from cicd.record import dataclass

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
    needed_by: str = ""  # "android 29": it was not asked for, but that needs it


class Unselectable(Exception):
    """Why nothing can be chosen: the message of a YAML_FILE_ERROR."""


def select_runtimes(image: Node, wanted: Sequence[tuple[str, str]]) -> tuple[SelectedRuntime, ...]:
    """
    Choose among what the image offers, with the runtimes that those in turn require.

    Args:
        image: The image's ``runtimes.yml``.
        wanted: (name, version) pairs: exact, "18.x", or "latest"; any other is what the
            image's "default" installs, if it has one.

    Returns:
        What to run, in the order asked for, each behind those that it requires.

    Raises:
        Unselectable: The image has no such runtime, or two do not go together.

    Source: user guide, "Runtime versions"; the messages are the logs'.
    """
    offered = _children(_child(image, "runtimes"))
    chosen: dict[str, SelectedRuntime] = {}
    for name, version in wanted:
        _choose(offered, dict(wanted), name, version, "", chosen)
    return tuple(chosen.values())


def _choose(
    offered: Mapping[str, Node],
    asked: Mapping[str, str],
    name: str,
    version: str,
    needed_by: str,
    chosen: dict[str, SelectedRuntime],
) -> None:
    if name not in offered:
        raise Unselectable(
            f"Unknown runtime named '{name}'. "
            f"This build image has the following runtimes: {', '.join(offered)}"
        )
    exact, node = _version(name, offered[name], version)
    if name in chosen:
        if chosen[name].version != exact:
            first = chosen[name]
            needed = f"{first.needed_by or 'runtime-versions'} and {needed_by}"
            raise Unselectable(
                f"{needed} require different versions of {name}: {first.version} and {exact}"
            )
        return
    # Entered before what it needs is looked at, or two that need each other would go on for ever.
    chosen[name] = SelectedRuntime(
        name=name, version=exact, commands=_commands(node), needed_by=needed_by
    )
    own = chosen[name]
    for other, versions in _required(node):
        at = versions[0]
        if other in asked:
            at, _ = _version(other, offered.get(other, node), asked[other])
            if at not in versions:
                raise Unselectable(
                    f"Runtime {name} {exact} requires {other} {' or '.join(versions)}, "
                    f"but {other} {at} is selected"
                )
        _choose(offered, asked, other, at, f"{name} {exact}", chosen)
    del chosen[name]  # and again at the end: what it needs comes first
    chosen[name] = own


def _version(name: str, runtime: Node, wanted: str) -> tuple[str, Node]:
    versions = dict(_children(_child(runtime, "versions")))
    fallback = versions.pop("default", _child(runtime, "default"))
    if wanted in versions:
        return wanted, versions[wanted]
    ordered = sorted(versions, key=_numbers)
    if wanted == "latest" and ordered:
        return ordered[-1], versions[ordered[-1]]
    start = re.fullmatch(r"(.+?)(\.[xX*])+", wanted)
    if start:
        same = [v for v in ordered if v == start[1] or v.startswith(f"{start[1]}.")]
        if same:
            return same[-1], versions[same[-1]]
    if fallback is not None:
        return wanted, fallback
    raise Unselectable(
        f"Unknown runtime version named '{wanted}' of {name}. "
        f"This build image has the following versions: {', '.join(versions)}"
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _commands(node: Node) -> tuple[str, ...]:
    commands = _child(node, "commands")
    return tuple(item.text for item in commands.items) if commands else ()


def _required(node: Node) -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for name, value in _children(_child(node, "requires")).items():
        several = value.kind is NodeKind.SEQUENCE and value.items
        found.append((name, tuple(i.text for i in value.items) if several else (value.text,)))
    return found


def _child(node: Node | None, key: str) -> Node | None:
    if node is None or key not in node.entries:
        return None
    value = node.entries[key].value
    return None if value.is_null else value


def _children(node: Node | None) -> Mapping[str, Node]:
    return {} if node is None else {key: entry.value for key, entry in node.entries.items()}
