"""Template + parameters → values without intrinsic functions. Pure; nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from cicd.document.cloudformation.intrinsics import SUBSTITUTED, Call, attribute_of, call_of
from cicd.document.cloudformation.template import text_of
from cicd.document.cloudformation.values import (
    UNRESOLVED,
    joined,
    list_node,
    moved,
    text_node,
    unresolved,
)
from cicd.document.node import MAX_NODES, Entry, Node, NodeKind
from cicd.document.problem import Problem, Severity
from cicd.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.cloudformation.template import Template

ACCOUNT = "123456789012"
REGION = "us-east-1"
STACK = "local"
PSEUDO: Mapping[str, str] = MappingProxyType(
    {
        "AWS::AccountId": ACCOUNT,
        "AWS::Partition": "aws",
        "AWS::Region": REGION,
        "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/{STACK}",
        "AWS::StackName": STACK,
        "AWS::URLSuffix": "amazonaws.com",
    }
)
"""Local rule: the values that a stack of AWS would have are those of this machine's own."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        "AWS::CodeBuild::Project": "Name",
        "AWS::CodeCommit::Repository": "RepositoryName",
        "AWS::CodeDeploy::Application": "ApplicationName",
        "AWS::CodeDeploy::DeploymentConfig": "DeploymentConfigName",
        "AWS::CodeDeploy::DeploymentGroup": "DeploymentGroupName",
        "AWS::CodePipeline::Pipeline": "Name",
        "AWS::ECR::Repository": "RepositoryName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::S3::Bucket": "BucketName",
        "AWS::SSM::Parameter": "Name",
    }
)
"""The property that names a resource, where ``Ref`` gives that name."""

_ARNS: Mapping[str, str] = MappingProxyType(
    {
        "AWS::CodeBuild::Project": f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/",
        "AWS::CodeCommit::Repository": f"arn:aws:codecommit:{REGION}:{ACCOUNT}:",
        "AWS::ECR::Repository": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/",
        "AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/",
        "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:",
        "AWS::S3::Bucket": "arn:aws:s3:::",
    }
)
_ITSELF = frozenset({"Arn", "Name", "RepositoryName"})
_LIST_TYPES = ("CommaDelimitedList", "List<")
_MAX_INSIDE = 120  # values inside one another, names and conditions followed
_MAX_TEXT = 4_000_000  # characters of all texts made


class Resolver:
    """One template under one set of parameters."""

    def __init__(self, template: Template, parameters: Mapping[str, str]) -> None:
        """Hold a template, and the values that its user gives."""
        self._template = template
        self._parameters = parameters
        self._conditions: dict[str, bool | None] = {}
        self._names: dict[str, Node] = {}
        self._open: set[str] = set()
        self._left = MAX_NODES
        self._text_left = _MAX_TEXT
        self._inside = 0

    def value(self, node: Node) -> Node | None:
        """
        Resolve a value; ``None``: ``AWS::NoValue`` took it away.

        What is not known is a scalar with the tag ``UNRESOLVED``.

        Raises:
            DocumentError: Something refers to itself, or the result is too large.

        """
        self._left -= 1
        self._inside += 1
        if self._left < 0 or self._inside > _MAX_INSIDE:
            self._stop("document/too-many-values", "resolved, the template is too large", node)
        call = call_of(node)
        if call is not None:
            found = self._call(call, node)
        elif node.kind is NodeKind.SEQUENCE:
            found = replace(node, items=self._items(node))
        elif node.kind is NodeKind.MAPPING:
            entries: dict[str, Entry] = {}
            for key, entry in node.entries.items():
                inner = self.value(entry.value)
                if inner is not None:
                    entries[key] = replace(entry, value=inner)
            found = replace(node, entries=MappingProxyType(entries))
        else:
            found = node
        self._inside -= 1
        return found

    def is_wanted(self, logical_id: str) -> bool:
        """Tell whether a resource is made; one whose condition is not known is."""
        condition = text_of(self._template.resources[logical_id].value, "Condition")
        return not condition or self._condition(condition, self._template.node) is not False

    def name_of(self, logical_id: str) -> Node:
        """
        Give a resource's name: the property that names it, else its logical id.

        Local rule: AWS makes a name of the stack, the logical id and a random suffix.
        """
        if logical_id not in self._names:
            resource = self._template.resources[logical_id]
            key = NAMES.get(self._template.type_of(logical_id), "")
            properties = self._template.properties(logical_id)
            entry = properties.entries.get(key) if properties is not None and key else None
            name: Node | None = None
            if entry is not None:
                self._enter(logical_id, entry.value)
                name = self.value(entry.value)
                self._open.discard(logical_id)
            if name is None or not name.text:
                at = Node(kind=NodeKind.SCALAR, span=resource.key_span)
                name = text_node(logical_id, at)
            self._names[logical_id] = name
        return self._names[logical_id]

    def _items(self, node: Node) -> tuple[Node, ...]:
        return tuple(found for item in node.items if (found := self.value(item)) is not None)

    def _call(self, call: Call, node: Node) -> Node | None:
        argument = call.argument
        match call.name:
            case "Ref":
                return self._ref(argument.text, node)
            case "Fn::GetAtt":
                return self._attribute(attribute_of(argument), node)
            case "Fn::Sub":
                return self._sub(argument, node)
            case "Fn::Join":
                return self._join(argument, node)
            case "Fn::If":
                return self._if(argument, node)
            case "Fn::FindInMap":
                return self._find_in_map(argument, node)
            case "Fn::Select":
                return self._select(argument, node)
            case "Fn::Split":
                return self._split(argument, node)
            case "Fn::Base64":
                inner = self.value(argument)
                return inner and self._base64(inner, node)
        return unresolved(call.name.replace("::", "."), node)

    def _ref(self, name: str, node: Node) -> Node | None:
        if name == "AWS::NoValue":
            return None
        if name in PSEUDO:
            return text_node(PSEUDO[name], node)
        if name in self._template.parameters:
            return self._parameter(name, node)
        if name in self._template.resources and self.is_wanted(name):
            return self._counted(moved(self.name_of(name), node))
        return unresolved(name.replace("::", "."), node)

    def _parameter(self, name: str, node: Node) -> Node:
        declared = self._template.parameters[name].value
        kind = text_of(declared, "Type")
        default = declared.entries.get("Default")
        if name in self._parameters:
            text = self._parameters[name]
        elif default is not None and default.value.kind is NodeKind.SCALAR:
            text = default.value.text
        else:
            return unresolved(name, node)
        if text_of(declared, "NoEcho").lower() == "true":
            return unresolved(name, node)  # what nobody may see goes into no message
        if kind.startswith("AWS::SSM::Parameter::Value"):
            return unresolved(name, node)  # the text is the name of the value
        if kind.startswith(_LIST_TYPES):
            return list_node(tuple(text_node(t.strip(), node) for t in text.split(",")), node)
        return self._counted(text_node(text, node))

    def _attribute(self, named: tuple[str, str] | None, node: Node) -> Node:
        if named is None:
            return unresolved("Fn.GetAtt", node)
        resource, attribute = named
        if resource in self._template.resources and self.is_wanted(resource):
            prefix = _ARNS.get(self._template.type_of(resource))
            if prefix is not None and attribute in _ITSELF:
                name = self.name_of(resource)
                before = [text_node(prefix, node)] if attribute == "Arn" else []
                return self._counted(joined([*before, name], "", node))
        return unresolved(f"{resource}.{attribute}", node)

    def _sub(self, argument: Node, node: Node) -> Node:
        text = argument.items[0] if argument.items else argument
        own = argument.items[1].entries if len(argument.items) > 1 else {}
        if text.kind is not NodeKind.SCALAR:
            return unresolved("Fn.Sub", node)
        parts: list[Node] = []
        at = 0
        for found in SUBSTITUTED.finditer(text.text):
            parts.append(text_node(text.text[at : found.start()], node))
            at = found.end()
            name = found[1].strip()
            if name.startswith("!"):
                parts.append(text_node(f"${{{name[1:]}}}", node))
            elif name:
                value = self._variable(name, own, node)
                parts += (value,) if value is not None else ()
                self._counted(parts[-1])
        parts.append(text_node(text.text[at:], node))
        return self._counted(joined(parts, "", node))

    def _variable(self, name: str, own: Mapping[str, Entry], node: Node) -> Node | None:
        if name in own:
            return self.value(own[name].value)
        resource, dot, attribute = name.partition(".")
        return self._attribute((resource, attribute), node) if dot else self._ref(name, node)

    def _join(self, argument: Node, node: Node) -> Node:
        if len(argument.items) != 2:
            return unresolved("Fn.Join", node)
        values = self.value(argument.items[1])
        if values is None or values.kind is not NodeKind.SEQUENCE:
            return unresolved(values.text if values is not None else "Fn.Join", node)
        return self._counted(joined(list(values.items), argument.items[0].text, node))

    def _if(self, argument: Node, node: Node) -> Node | None:
        if len(argument.items) != 3:
            return unresolved("Fn.If", node)
        condition, yes, no = argument.items
        met = self._condition(condition.text, node)
        if met is None:
            return unresolved(condition.text or "Fn.If", node)
        return self.value(yes if met else no)

    def _find_in_map(self, argument: Node, node: Node) -> Node:
        keys = self._items(argument)
        if len(keys) != 3 or any(key.tag == UNRESOLVED for key in keys):
            return unresolved("Fn.FindInMap", node)
        entry = self._template.mappings.get(keys[0].text)
        for key in keys[1:]:
            entry = entry.value.entries.get(key.text) if entry is not None else None
        if entry is None:
            return unresolved(".".join(key.text for key in keys), node)
        return self._counted(moved(entry.value, node))

    def _select(self, argument: Node, node: Node) -> Node:
        if len(argument.items) == 2:
            index, values = self.value(argument.items[0]), self.value(argument.items[1])
            if index is not None and values is not None and index.text.isdecimal():
                place = int(index.text[:9])
                if place < len(values.items):
                    return values.items[place]
        return unresolved("Fn.Select", node)

    def _split(self, argument: Node, node: Node) -> Node:
        if len(argument.items) == 2 and argument.items[0].text:
            text = self.value(argument.items[1])
            if text is not None and text.kind is NodeKind.SCALAR and text.tag != UNRESOLVED:
                pieces = text.text.split(argument.items[0].text)
                self._left -= len(pieces)
                return list_node(tuple(text_node(piece, node) for piece in pieces), node)
        return unresolved("Fn.Split", node)

    def _base64(self, inner: Node, node: Node) -> Node:
        from base64 import b64encode

        if inner.kind is not NodeKind.SCALAR or inner.tag == UNRESOLVED:
            return unresolved("Fn.Base64", node)
        return self._counted(text_node(b64encode(inner.text.encode()).decode(), node))

    def _condition(self, name: str, node: Node) -> bool | None:
        """Evaluate a condition; ``None``: it hangs on something that is not known."""
        entry = self._template.conditions.get(name)
        if entry is None:
            return None
        if name not in self._conditions:
            self._enter(f"the condition {name}", node)
            self._conditions[name] = self._met(entry.value)
            self._open.discard(f"the condition {name}")
        return self._conditions[name]

    def _met(self, node: Node) -> bool | None:
        self._left -= 1
        self._inside += 1
        if self._left < 0 or self._inside > _MAX_INSIDE:
            self._stop("document/too-many-values", "resolved, the template is too large", node)
        met = self._truth(node)
        self._inside -= 1
        return met

    def _truth(self, node: Node) -> bool | None:
        call = call_of(node)
        if call is None:
            named = text_of(node, "Condition")
            return self._condition(named, node) if named else None
        given = call.argument.items
        match call.name:
            case "Condition":
                return self._condition(call.argument.text, node)
            case "Fn::Equals" if len(given) == 2:
                left, right = self.value(given[0]), self.value(given[1])
                if left is None or right is None or UNRESOLVED in (left.tag, right.tag):
                    return None
                return left.text == right.text
            case "Fn::Not" if len(given) == 1:
                met = self._met(given[0])
                return None if met is None else not met
            case "Fn::And" | "Fn::Or":
                decisive = call.name == "Fn::Or"
                all_met = [self._met(item) for item in given]
                if decisive in all_met:
                    return decisive
                return None if None in all_met or not all_met else not decisive
        return None

    def _counted(self, node: Node) -> Node:
        self._text_left -= len(node.text)
        if self._text_left < 0:
            self._stop("document/too-many-values", "resolved, the template is too large", node)
        return node

    def _enter(self, what: str, node: Node) -> None:
        if what in self._open:
            self._stop("template/cycle", f"'{what}' refers to itself", node)
        self._open.add(what)

    def _stop(self, rule: str, message: str, node: Node) -> NoReturn:
        problem = Problem(rule=rule, severity=Severity.ERROR, message=message, span=node.span)
        raise DocumentError((problem,))
