"""
The kinds of resources that exist here, one class each: how one is made, changed and removed.

To add one: write its class, and add its line to ``KINDS``.
"""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from cicd.errors import Conflict, UsageError
from cicd.pipeline.buckets import FOLDER
from cicd.pipeline.stacks.function_kinds import (
    AliasKind,
    FunctionKind,
    PermissionKind,
    VersionKind,
)
from cicd.pipeline.stacks.state_machine_kind import StateMachineKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.pipeline.stacks.stack import StackResource
    from cicd.ports import Bucket, Services


class ResourceKind(Protocol):
    """One type of resource. Each call may be repeated; it raises ``CicdError`` with the reason."""

    replacing: frozenset[str]  # properties that no resource of it can change
    named_by: str  # the property that names one; "": none does
    late: tuple[str, ...]  # attributes that are known once it is made

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """
        Make it, and give its late attributes; raises ``Conflict`` when one of that name is there.
        """

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Give it these properties; gives its late attributes."""

    def remove(self, resource: StackResource, services: Services) -> None:
        """Remove it; safe when it is gone."""

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Name the properties that it has and that do nothing here."""


NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class BucketKind:
    """AWS::S3::Bucket: a folder of the home, which S3 actions find by its name."""

    replacing = frozenset({"BucketName"})
    named_by = "BucketName"
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Make the folder."""
        bucket = _bucket(resource, services)
        if bucket.exists():
            raise Conflict(f"{resource.name} already exists")
        bucket.make()
        return NOTHING

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Leave it: nothing but its name means anything here."""
        del resource, services
        return NOTHING

    def remove(self, resource: StackResource, services: Services) -> None:
        """Remove the folder; raises ``Conflict`` while something is in it."""
        _bucket(resource, services).remove()

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """All but its name."""
        return tuple(key for key in json.loads(resource.properties) if key != "BucketName")


class ParameterKind:
    """AWS::SSM::Parameter: a parameter of this machine's store, which builds look up."""

    replacing = frozenset({"Name"})
    named_by = "Name"
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Put the first version."""
        store = services.parameters()
        if store.has(resource.name):
            raise Conflict(f"{resource.name} already exists")
        return self.change(resource, services)

    def change(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """Put another version."""
        given = json.loads(resource.properties)
        kind = given.get("Type")
        if kind not in ("String", "StringList"):
            raise UsageError(f"a template makes parameters of String or StringList, not of {kind}")
        value = given.get("Value")
        if value is None:
            raise UsageError(f"the parameter {resource.name} has no Value")
        services.parameters().put(
            resource.name,
            value if isinstance(value, str) else json.dumps(value),
            kind=kind,
            description=str(given.get("Description", "")),
        )
        return NOTHING

    def remove(self, resource: StackResource, services: Services) -> None:
        """Forget it."""
        store = services.parameters()
        if store.has(resource.name):
            store.remove(resource.name)

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Patterns, tiers, policies and tags."""
        real = {"Name", "Type", "Value", "Description"}
        return tuple(key for key in json.loads(resource.properties) if key not in real)


class MetadataKind:
    """AWS::CDK::Metadata: nothing, here as there; it tells AWS how the template was made."""

    replacing: frozenset[str] = frozenset()
    named_by = ""
    late: tuple[str, ...] = ()

    def make(self, resource: StackResource, services: Services) -> Mapping[str, str]:
        """There is nothing to make."""
        del resource, services
        return NOTHING

    change = make

    def remove(self, resource: StackResource, services: Services) -> None:
        """There is nothing to remove."""

    def without_effect(self, resource: StackResource) -> tuple[str, ...]:
        """Nothing that it says is missed."""
        del resource
        return ()


KINDS: Mapping[str, ResourceKind] = MappingProxyType(
    {
        "AWS::S3::Bucket": BucketKind(),
        "AWS::SSM::Parameter": ParameterKind(),
        "AWS::Lambda::Function": FunctionKind(),
        "AWS::Lambda::Version": VersionKind(),
        "AWS::Lambda::Alias": AliasKind(),
        "AWS::Lambda::Permission": PermissionKind(),
        "AWS::StepFunctions::StateMachine": StateMachineKind(),
        "AWS::CDK::Metadata": MetadataKind(),
    }
)


def replacing() -> dict[str, frozenset[str]]:
    """Give, by type, the properties that no resource can change."""
    return {name: kind.replacing for name, kind in KINDS.items()}


def _bucket(resource: StackResource, services: Services) -> Bucket:
    if "/" in resource.name or resource.name in ("", ".", ".."):
        raise UsageError(f"'{resource.name}' is not the name of a bucket")
    return services.bucket(str((services.home / FOLDER / resource.name).absolute()))
