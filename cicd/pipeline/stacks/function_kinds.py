"""Resources of Lambda: functions, versions and aliases of this machine, and permissions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from cicd.errors import Conflict, UsageError

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.functions.function import Function
    from cicd.functions.run import Functions
    from cicd.pipeline.stacks.stack import StackResource
    from cicd.ports import Services

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class FunctionKind:
    """AWS::Lambda::Function: a function of this machine."""

    replacing = frozenset({"FunctionName", "PackageType"})
    named_by = "FunctionName"
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Make it of its code."""
        from cicd.functions.resource import configuration_of
        from cicd.pipeline.function_code import code_of

        if _find(resource.name, services) is not None:
            raise Conflict(f"{resource.name} already exists")
        given = _properties(resource)
        configuration = configuration_of(given)
        _functions(services).create(resource.name, configuration, code_of(given, services))
        return _NOTHING

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Give ``$LATEST`` this code and configuration."""
        from cicd.functions.resource import configuration_of
        from cicd.pipeline.function_code import code_of

        given = _properties(resource)
        configuration = configuration_of(given)
        code = code_of(given, services)
        _functions(services).update(resource.name, lambda _: configuration, code)
        return _NOTHING

    def remove(self, resource: StackResource, services: Services) -> None:
        """Take it away with its versions and aliases."""
        if _find(resource.name, services) is not None:
            _functions(services).remove(resource.name)

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Roles, layers, networks and the like."""
        from cicd.functions.resource import MEANT

        return tuple(key for key in _properties(resource) if key not in MEANT)


class VersionKind:
    """
    AWS::Lambda::Version: what a function is, published.

    Source: CloudFormation Template Reference, "AWS::Lambda::Version".
    """

    replacing = frozenset({"FunctionName", "Description", "CodeSha256"})
    named_by = ""
    late: tuple[str, ...] = ("Ref", "Version", "FunctionArn")

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Publish; what has not changed since the newest version is that version."""
        from cicd.functions.function import arn

        given = _properties(resource)
        name = _function_name(resource)
        functions = _functions(services)
        sha, latest = given.get("CodeSha256"), functions.find(name).latest.code_sha256
        if sha and sha != latest:
            raise UsageError(
                f"CodeSHA256 ({sha}) is different from current CodeSHA256 in $LATEST ({latest})."
            )
        number = functions.publish(name, str(given.get("Description") or "")).version
        qualified = arn(name, number)
        return {"Ref": qualified, "Version": number, "FunctionArn": qualified}

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Leave it: a version never changes. One that was not written down is found again."""
        return resource.attributes or self.make(resource, services)

    def remove(self, resource: StackResource, services: Services) -> None:
        """Take the version away; raises ``FunctionRefused`` while an alias points to it."""
        function = _find(_function_name(resource), services)
        number = resource.attributes.get("Version", "")
        if function is not None and any(each.version == number for each in function.versions):
            _functions(services).remove(function.name, number)

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Provisioned concurrency, and what a runtime is to be."""
        meant = {"FunctionName", "Description", "CodeSha256"}
        return tuple(key for key in _properties(resource) if key not in meant)


class AliasKind:
    """
    AWS::Lambda::Alias: an alias of a function, to one version or to two by weight.

    Source: CloudFormation Template Reference, "AWS::Lambda::Alias".
    """

    replacing = frozenset({"FunctionName", "Name"})
    named_by = ""
    late: tuple[str, ...] = ("Ref", "AliasArn")

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Make it."""
        function = _find(_function_name(resource), services)
        name = str(_properties(resource).get("Name") or "")
        if function is not None and name in function.aliases:
            raise Conflict(f"Alias already exists: {name}")
        return self.change(resource, services)

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Let it point elsewhere: at once, as no deployment shifts it."""
        from cicd.functions.function import arn
        from cicd.functions.names import split

        given = _properties(resource)
        name = _function_name(resource)
        version = str(given.get("FunctionVersion") or "")
        version = split(version)[1] if ":" in version else version
        made = _functions(services).put_alias(
            name,
            str(given.get("Name") or ""),
            version,
            _weights(given),
            description=str(given.get("Description") or ""),
        )
        qualified = arn(name, made.name)
        return {"Ref": qualified, "AliasArn": qualified}

    def remove(self, resource: StackResource, services: Services) -> None:
        """Take it away."""
        function = _find(_function_name(resource), services)
        name = str(_properties(resource).get("Name") or "")
        if function is not None and name in function.aliases:
            _functions(services).remove_alias(function.name, name)

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Provisioned concurrency."""
        meant = {"FunctionName", "FunctionVersion", "Name", "Description", "RoutingConfig"}
        return tuple(key for key in _properties(resource) if key not in meant)


class PermissionKind:
    """AWS::Lambda::Permission: written down only, as everybody on this machine may invoke."""

    replacing = frozenset({"Action", "FunctionName", "Principal", "SourceArn", "SourceAccount"})
    named_by = ""
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """See that its function is there."""
        _functions(services).find(_function_name(resource))
        return _NOTHING

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """See that its function is there."""
        return self.make(resource, services)

    def remove(self, resource: StackResource, services: Services) -> None:
        """There is nothing to remove."""

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """All of it."""
        return tuple(_properties(resource))


def _functions(services: Services) -> Functions:
    from cicd.functions.run import Functions

    return Functions(services)


def _find(name: str, services: Services) -> Function | None:
    from cicd.functions.refusal import FunctionRefused

    try:
        return _functions(services).find(name)
    except FunctionRefused:
        return None


def _function_name(resource: StackResource) -> str:
    from cicd.functions.names import split

    return split(str(_properties(resource).get("FunctionName") or ""))[0]


def _weights(given: Mapping[str, JSON]) -> dict[str, float]:
    routing = given.get("RoutingConfig")
    listed = routing.get("AdditionalVersionWeights") if isinstance(routing, Mapping) else None
    weights = {}
    for each in listed if isinstance(listed, list) else ():
        match each:
            case {"FunctionVersion": str() | int() as version, "FunctionWeight": weight}:
                weights[str(version)] = _weight(weight)
            case _:
                raise UsageError(
                    "'AdditionalVersionWeights' is a list of 'FunctionVersion' and "
                    "'FunctionWeight'"
                )
    return weights


def _weight(value: JSON) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise UsageError(f"'FunctionWeight' must be a number from 0 to 1, not '{value}'") from None


def _properties(resource: StackResource) -> Mapping[str, JSON]:
    found: Mapping[str, JSON] = json.loads(resource.properties)
    return found
