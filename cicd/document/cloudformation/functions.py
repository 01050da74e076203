"""Intrinsic functions over what is resolved already: texts and lists in, a value out. Pure."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import islice
from typing import TYPE_CHECKING

from cicd.account import REGION
from cicd.document.cloudformation.values import (
    is_known,
    joined,
    list_node,
    moved,
    text_node,
    unresolved,
)
from cicd.document.node import NodeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Entry, Node

_MOST_BLOCKS = 256
_ZONES = "abc"  # Local rule: the Region has three zones


def join(given: tuple[Node, ...], at: Node) -> Node:
    """``Fn::Join``: the texts of a list, with a delimiter between them."""
    if len(given) != 2 or given[1].kind is not NodeKind.SEQUENCE:
        return unresolved(given[1].text if len(given) == 2 and given[1].text else "Fn.Join", at)
    return joined(list(given[1].items), given[0].text, at)


def select(given: tuple[Node, ...], at: Node) -> Node:
    """``Fn::Select``: one of a list, by its index from 0."""
    if len(given) == 2 and given[0].text.isdecimal():
        place = int(given[0].text[:9])
        if place < len(given[1].items):
            return moved(given[1].items[place], at)
    return unresolved("Fn.Select", at)


def split(given: tuple[Node, ...], at: Node) -> Node:
    """``Fn::Split``: a text → the list of what lies between the delimiters."""
    if len(given) != 2 or not given[0].text or not _is_text(given[1]):
        return unresolved("Fn.Split", at)
    pieces = given[1].text.split(given[0].text)
    return list_node(tuple(text_node(piece, at) for piece in pieces), at)


def base64(value: Node, at: Node) -> Node:
    """``Fn::Base64`` of a text."""
    if not _is_text(value):
        return unresolved("Fn.Base64", at)
    return text_node(b64encode(value.text.encode()).decode(), at)


def find_in_map(given: tuple[Node, ...], mappings: Mapping[str, Entry], at: Node) -> Node:
    """``Fn::FindInMap``: a value of ``Mappings`` by its two keys, else the default, if given."""
    keys, default = given[:3], given[3:]
    if len(keys) != 3 or not all(_is_text(key) for key in keys):
        return unresolved("Fn.FindInMap", at)
    entry = mappings.get(keys[0].text)
    for key in keys[1:]:
        entry = entry.value.entries.get(key.text) if entry is not None else None
    if entry is not None:
        return moved(entry.value, at)
    own = default[0].entries.get("DefaultValue") if default else None
    return own.value if own else unresolved(".".join(key.text for key in keys), at)


def zones(region: Node, at: Node) -> Node:
    """``Fn::GetAZs``: the zones of a Region, that of the stack for an empty text."""
    if not _is_text(region):
        return unresolved("Fn.GetAZs", at)
    name = region.text or REGION
    return list_node(tuple(text_node(name + letter, at) for letter in _ZONES), at)


def cidr(given: tuple[Node, ...], at: Node) -> Node:
    """
    ``Fn::Cidr``: so many blocks of a network, each with so many bits for its hosts.

    Source: CloudFormation User Guide, "Fn::Cidr".
    """
    from ipaddress import ip_network

    texts = [value.text for value in given if _is_text(value)]
    if len(texts) != len(given) or len(given) not in (2, 3):
        return unresolved("Fn.Cidr", at)
    try:
        network = ip_network(texts[0], strict=False)
        count = int(texts[1])
        bits = int(texts[2]) if len(texts) == 3 else 8
        blocks = network.subnets(new_prefix=network.max_prefixlen - bits)
        chosen = list(islice(blocks, min(max(count, 0), _MOST_BLOCKS)))
    except ValueError:
        return unresolved("Fn.Cidr", at)
    if len(chosen) < count:
        return unresolved("Fn.Cidr", at)
    return list_node(tuple(text_node(str(block), at) for block in chosen), at)


def length(value: Node, at: Node) -> Node:
    """``Fn::Length`` of a list."""
    if value.kind is not NodeKind.SEQUENCE:
        return unresolved("Fn.Length", at)
    return text_node(str(len(value.items)), at)


def json_text(value: Node, at: Node) -> Node:
    """``Fn::ToJsonString``: a list or a mapping as text."""
    if not is_known(value):
        return unresolved("Fn.ToJsonString", at)
    return text_node(json.dumps(value.plain(), separators=(",", ":")), at)


def _is_text(value: Node) -> bool:
    return value.kind is NodeKind.SCALAR and is_known(value)
