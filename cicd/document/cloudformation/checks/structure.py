"""A template's own shape: its sections, and what parameters, resources and outputs consist of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.document.cloudformation.parameters import not_allowed
from cicd.document.node import Node, NodeKind
from cicd.document.position import brief
from cicd.document.problem import Severity
from cicd.document.unknown import note_unknown
from cicd.nearest import closest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.document.cloudformation.template import Template
    from cicd.document.node import Entry
    from cicd.document.problem import Problems

SECTIONS = (
    *("AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings"),
    *("Conditions", "Transform", "Hooks", "Resources", "Outputs"),
)
_OF_RESOURCE = (
    *("Type", "Properties", "DependsOn", "Condition", "Metadata", "DeletionPolicy"),
    *("UpdateReplacePolicy", "CreationPolicy", "UpdatePolicy"),
)
_OF_SAM = ("Connectors", "IgnoreGlobals")
_OF_PARAMETER = (
    *("Type", "Default", "Description", "AllowedValues", "AllowedPattern", "NoEcho"),
    *("ConstraintDescription", "MinLength", "MaxLength", "MinValue", "MaxValue"),
)
_OF_OUTPUT = ("Value", "Description", "Export", "Condition")
_TYPES = ("String", "Number", "CommaDelimitedList", "List<Number>", "List<String>")
_OTHER_TYPE = re.compile(r"AWS::SSM::Parameter::(Name|Value<.+>)|(List<)?AWS::[\w:]+>?")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_KNOWN_TRANSFORMS = (
    "AWS::Serverless",
    "AWS::LanguageExtensions",
    "AWS::Include",
    "AWS::CodeDeploy",
)


def check_structure(template: Template, problems: Problems) -> None:
    """
    Note what is no part of a template, and what its parts lack.

    Source: CloudFormation User Guide, "Template anatomy".
    """
    node = template.node
    more = template.transformed  # "Globals" of SAM, and what macros take
    for entry in node.entries.values():
        if entry.key not in SECTIONS and not entry.key.startswith("Fn::") and not more:
            note_unknown(
                entry,
                problems,
                rule="template/unknown-section",
                what="a template",
                known=SECTIONS,
                free=[name for name in SECTIONS if name not in node.entries],
                severity=Severity.ERROR,
            )
    for section in ("Parameters", "Mappings", "Conditions", "Resources", "Outputs"):
        found = node.entries.get(section)
        if found is not None and found.value.kind is not NodeKind.MAPPING:
            problems.error(
                "template/wrong-type", f"'{section}' must be a mapping", found.value.span
            )
    if "Resources" not in node.entries and not more:
        problems.error(
            "template/no-resources",
            "the template has no 'Resources'",
            node.span,
            hint="a template makes at least one resource",
            note="At least one Resources member must be defined",
        )
    for entry in template.parameters.values():
        _parameter(entry, problems)
    for entry in template.resources.values():
        _resource(entry, problems, more=more)
    outputs = node.entries.get("Outputs")
    for entry in outputs.value.entries.values() if outputs else ():
        if _part(entry, "an output", _OF_OUTPUT, problems) and "Value" not in entry.value.entries:
            _lacks(entry, "output", "Value", problems)
    _transforms(node, problems)


def _parameter(entry: Entry, problems: Problems) -> None:
    if not _part(entry, "a parameter", _OF_PARAMETER, problems):
        return
    kind = entry.value.entries.get("Type")
    if kind is None:
        _lacks(entry, "parameter", "Type", problems)
        return
    if kind.value.text not in _TYPES and not _OTHER_TYPE.fullmatch(kind.value.text):
        near = closest(kind.value.text, _TYPES)
        problems.error(
            "template/parameter",
            f"'{brief(kind.value.text)}' is not a type of parameters",
            kind.value.span,
            hint=f"did you mean '{near}'?" if near else None,
            note=f"the types are {', '.join(_TYPES)}, AWS's own such as AWS::EC2::VPC::Id, and "
            "AWS::SSM::Parameter::Value<…>",
        )
    default = entry.value.entries.get("Default")
    if default is None:
        return
    if default.value.kind is not NodeKind.SCALAR:
        refusal: str | None = "has a default that is not text"
    else:
        refusal = not_allowed(entry.value, default.value.text)
    if refusal is not None:
        problems.error(
            "template/parameter",
            f"the parameter '{brief(entry.key)}' {refusal}",
            default.value.span,
            hint="every default is text or a number, one that the parameter allows",
        )


def _resource(entry: Entry, problems: Problems, *, more: bool) -> None:
    if entry.key.startswith("Fn::"):
        return
    if not more and not _LOGICAL_ID.fullmatch(entry.key):
        problems.error(
            "template/resource",
            f"'{brief(entry.key)}' cannot name a resource",
            entry.key_span,
            hint="use letters and digits only",
            note="Resource name is non alphanumeric",
        )
    # What other macros take is not known.
    keys = (*_OF_RESOURCE, *_OF_SAM) if more else _OF_RESOURCE
    if not _part(entry, "a resource", keys, problems, sure=not more):
        return
    kind = entry.value.entries.get("Type")
    if kind is None:
        _lacks(entry, "resource", "Type", problems)
    elif kind.value.kind is not NodeKind.SCALAR or "::" not in kind.value.text:
        problems.error(
            "template/resource",
            f"'{brief(kind.value.text)}' is not a type of resources",
            kind.value.span,
            hint="types look like AWS::CodeBuild::Project",
        )
    elif kind.value.text == "AWS::CloudFormation::Stack":
        problems.remark(
            "template/not-followed",
            f"what the stack '{brief(entry.key)}' makes is not looked at",
            kind.value.span,
            hint="check its own template; what it gives is not known here",
        )


def _transforms(node: Node, problems: Problems) -> None:
    for found in _written_transforms(node):
        name = found.text.rpartition("-")[0] or found.text
        if not name.startswith(_KNOWN_TRANSFORMS):
            problems.warning(
                "template/not-followed",
                f"the macro '{brief(found.text)}' is not run here",
                found.span,
                hint="what it adds or changes is not known, and not checked",
            )
        elif name != "AWS::LanguageExtensions":
            problems.remark(
                "template/not-followed",
                f"what '{brief(found.text)}' adds is not looked at",
                found.span,
            )


def _written_transforms(node: Node) -> Iterator[Node]:
    entry = node.entries.get("Transform")
    if entry is None:
        return
    value = entry.value
    for item in value.items if value.kind is NodeKind.SEQUENCE else (value,):
        named = item.entries.get("Name")
        yield named.value if named is not None else item


def _part(
    entry: Entry, what: str, keys: tuple[str, ...], problems: Problems, *, sure: bool = True
) -> bool:
    """
    Check the keys of one entry of a section; tell whether it is a mapping at all.

    Where others may be allowed ("sure" is not given), only slips of the known ones are told.
    """
    node = entry.value
    if node.kind is not NodeKind.MAPPING:
        problems.error("template/wrong-type", f"'{brief(entry.key)}' must be a mapping", node.span)
        return False
    for inner in node.entries.values():
        if inner.key in keys or inner.key.startswith("Fn::"):
            continue
        free = [key for key in keys if key not in node.entries]
        if sure or closest(inner.key, free):
            note_unknown(
                inner,
                problems,
                rule="template/unknown-attribute",
                what=what,
                known=keys,
                free=free,
                # "Description" of a resource is in no reference, and does no harm.
                severity=Severity.WARNING if inner.key == "Description" else Severity.ERROR,
            )
    return True


def _lacks(entry: Entry, what: str, key: str, problems: Problems) -> None:
    if any(closest(each, (key,)) for each in entry.value.entries if each not in _OF_RESOURCE):
        return  # a slip of the key has been told as that
    problems.error(
        f"template/{what}",
        f"the {what} '{brief(entry.key)}' has no '{key}'",
        entry.key_span,
        hint=f"add '{key}:'",
    )
