"""``cicd.yml``, read: sections whose entries have names, in whatever wrapping AWS prints them."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.document.fields import Fields
from cicd.document.load import load
from cicd.document.node import Entry, Node, NodeKind
from cicd.document.position import brief
from cicd.document.problem import Label, Problem, Problems, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from cicd.document.position import Span

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "projects": "name",
        "reportGroups": "name",
        "applications": "applicationName",
        "deploymentConfigs": "deploymentConfigName",
        "services": "serviceName",
        "pipelines": "name",
    }
)
"""The sections, each a list in the shapes of the API's calls, and the key that names an entry."""

_TEXTS = ("images", "repositories", "buckets", "parameters", "imports")  # names, a text for each
_MAPPINGS = (
    *("networks", "fileSystems", "jenkins", "deploymentGroups", "loadBalancers"),
    *("alarms", "triggers", "services", "stateMachines"),
)
_LISTS = ("jobWorkers", "simulatedStacks")  # of names
LOCAL_KEYS = ("runner", *_TEXTS, *_MAPPINGS, *_LISTS, "subscribers")
"""What may stand under ``local``; the rooms know what each of them means."""

# What the AWS CLI prints beside the lists, so that its output can be pasted as it is.
_PRINTED_BESIDE = ("projectsNotFound", "reportGroupsNotFound", "errorMessage", "ResponseMetadata")
_WRAPPERS = frozenset({"deploymentConfigInfo", "deploymentGroupInfo", "pipeline", "application"})
# Lists by the name that some calls print them under.
_PRINTED_AS: Mapping[str, str] = MappingProxyType(
    {"applications": "applicationsInfo", "deploymentGroups": "deploymentGroupsInfo"}
)


def read_resources(
    path: Path, name: str
) -> tuple[Mapping[str, Mapping[str, Node]], Node | None, Node | None]:
    """
    Read the file ``path``, called ``name``: its sections, what stands under ``local``, and what
    under ``check``, whose own room reads it.

    Raises:
        Unavailable: It cannot be read.
        DocumentError: It is not as it must be, with all that is wrong.

    """
    problems = Problems()
    top = Fields(load(path, name), problems, room="resources", what=name)
    sections = {section: _section(section, top) for section in NAMES}
    sections = dict(merged(sections, {"applications": _of_groups_apart(top)}))
    local = top.node("local")
    if local is not None:
        _check_local(Fields(local, problems, room="resources", what="'local'"))
    check = top.node("check")
    _refuse_unknown(top, tuple(key for key in _PRINTED_BESIDE if key in top))
    problems.raise_errors()
    return MappingProxyType(sections), local, check


def merged(
    first: Mapping[str, Mapping[str, Node]], second: Mapping[str, Mapping[str, Node]]
) -> Mapping[str, Mapping[str, Node]]:
    """Put two sets of sections together; of what both name, the first one's counts."""
    found = {}
    for section in dict.fromkeys((*first, *second)):
        ours, theirs = first.get(section, {}), second.get(section, {})
        entries = {**theirs, **ours}
        if section == "applications":
            for name in ours.keys() & theirs.keys():
                entries[name] = _with_more_groups(ours[name], theirs[name])
        found[section] = MappingProxyType(entries)
    return MappingProxyType(found)


def _with_more_groups(application: Node, other: Node) -> Node:
    ours, theirs = (each.entries.get("deploymentGroups") for each in (application, other))
    if theirs is None:
        return application
    known = {_group_name(group) for group in (ours.value.items if ours else ())}
    more = tuple(group for group in theirs.value.items if _group_name(group) not in known)
    items = (*(ours.value.items if ours else ()), *more)
    entry = replace(theirs, value=replace((ours or theirs).value, items=items))
    entries = {**application.entries, "deploymentGroups": entry}
    return replace(application, entries=MappingProxyType(entries))


def _group_name(group: Node) -> str:
    entry = group.entries.get("deploymentGroupName")
    return entry.value.text if entry else ""


def _section(section: str, top: Fields) -> Mapping[str, Node]:
    found: dict[str, tuple[Node, Span]] = {}
    for node in _listed(section, top):
        if section == "pipelines" and node.kind is NodeKind.SCALAR and node.text:
            _enter(found, node.text, node, node.span, top.problems)
            continue
        name = _name(node, section, NAMES[section], top)
        if name is not None:
            plain = _with_groups(node, top) if section == "applications" else node
            _enter(found, name.text, plain, name.span, top.problems)
    return MappingProxyType({name: node for name, (node, _) in found.items()})


def _of_groups_apart(top: Fields) -> Mapping[str, Node]:
    """Give the applications of groups that stand beside them, as single calls print those."""
    groups: dict[str, dict[str, tuple[Node, Span]]] = {}
    for node in _listed("deploymentGroups", top):
        owner = _name(node, "deploymentGroups", "applicationName", top)
        name = _name(node, "deploymentGroups", "deploymentGroupName", top)
        if owner is not None and name is not None:
            _enter(groups.setdefault(owner.text, {}), name.text, node, name.span, top.problems)
    found = {}
    for owner_name, named in groups.items():
        nodes = tuple(node for node, _ in named.values())
        listed = Node(kind=NodeKind.SEQUENCE, span=nodes[0].span, items=nodes)
        first = nodes[0].entries["applicationName"]
        entries = {
            "applicationName": first,
            "deploymentGroups": Entry(
                key="deploymentGroups", key_span=first.key_span, value=listed
            ),
        }
        found[owner_name] = replace(nodes[0], entries=MappingProxyType(entries))
    return MappingProxyType(found)


def _with_groups(application: Node, top: Fields) -> Node:
    """Check an application's groups, and give it with each of them out of its wrapping."""
    groups: dict[str, tuple[Node, Span]] = {}
    fields = top.inner(application, what="an application")
    for node in _listed("deploymentGroups", fields):
        name = _name(node, "deploymentGroups", "deploymentGroupName", fields)
        if name is not None:
            _enter(groups, name.text, node, name.span, top.problems)
    if not groups:
        return application
    key = "deploymentGroups" if "deploymentGroups" in fields else _PRINTED_AS["deploymentGroups"]
    entry = application.entries[key]
    listed = Node(
        kind=NodeKind.SEQUENCE,
        span=entry.value.span,
        items=tuple(node for node, _ in groups.values()),
    )
    plain = replace(entry, key="deploymentGroups", value=listed)
    return replace(
        application,
        entries=MappingProxyType({**application.entries, "deploymentGroups": plain}),
    )


def _listed(name: str, fields: Fields) -> Iterator[Node]:
    """Give the entries of a list, in any of the wrappings that the AWS CLI prints."""
    printed = _PRINTED_AS.get(name, name)
    for key in dict.fromkeys((name, printed)):
        for item in fields.sequence(key):
            inner = item.entries.get(printed) if printed != name else None
            if inner is not None and inner.value.kind is NodeKind.SEQUENCE:
                yield from map(_unwrapped, inner.value.items)
            else:
                yield _unwrapped(item)


def _name(node: Node, section: str, key: str, around: Fields) -> Node | None:
    """Give the scalar that names an entry; whatever is wrong with it is noted."""
    fields = around.inner(node, what=f"an entry of '{section}'")
    if node.kind is not NodeKind.MAPPING:
        if node.is_null:
            around.problems.error(
                "resources/wrong-type", f"an entry of '{section}' is empty", node.span
            )
        return None
    return fields.node(key) if fields.required_text(key) else None


def _enter(
    found: dict[str, tuple[Node, Span]], name: str, node: Node, span: Span, problems: Problems
) -> None:
    if name not in found:
        found[name] = (node, span)
        return
    problems.add(
        Problem(
            rule="resources/duplicate-name",
            severity=Severity.ERROR,
            message=f"'{brief(name)}' is described twice",
            span=span,
            hint="keep one of the two",
            labels=(Label(span=found[name][1], text="first described here"),),
        )
    )


def _unwrapped(node: Node) -> Node:
    """Take an entry out of what a ``get-…`` call prints around it."""
    for key in _WRAPPERS:
        if key in node.entries and node.entries[key].value.kind is NodeKind.MAPPING:
            return node.entries[key].value
    return node


def _check_local(local: Fields) -> None:
    """Note what is not of its shape: who reads it later would take it for nothing."""
    local.text("runner")
    for name in _LISTS:
        local.texts(name, scalar_is_list=False)
    for name in _MAPPINGS:
        local.mapping(name)
    for name in _TEXTS:
        if (inner := local.mapping(name)) is not None:
            for entry in inner.entries():
                inner.text(entry.key)
    _refuse_unknown(local, LOCAL_KEYS)


def _refuse_unknown(fields: Fields, known: tuple[str, ...]) -> None:
    for key in known:
        fields.node(key)
    fields.unknown(Severity.ERROR)
