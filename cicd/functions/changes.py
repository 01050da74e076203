"""What changes a function: each takes it as it stands, and gives it as it is to be. Pure."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.functions.function import LATEST, Alias, Function, FunctionVersion, arn
from cicd.functions.names import check_alias, check_configuration, check_name
from cicd.functions.refusal import FunctionRefused, not_found
from cicd.functions.routing import check_weights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cicd.functions.function import FunctionConfiguration
    from cicd.ports import Artifact


def created(
    function: Function | None,
    name: str,
    configuration: FunctionConfiguration,
    code: Artifact,
    now: datetime,
) -> Function:
    """Make a function; refuses one that is there."""
    check_name(name)
    check_configuration(configuration)
    if function is not None:
        raise FunctionRefused(
            "ResourceConflictException",
            f"Function already exist: {name}",
            hint=f"cicd function update {name}",
        )
    return Function(name=name, latest=_latest(configuration, code.digest, code.size, now))


def updated(
    function: Function,
    configuration: FunctionConfiguration,
    code: Artifact | None,
    now: datetime,
) -> Function:
    """Give ``$LATEST`` other code, another configuration, or both."""
    check_configuration(configuration)
    before = function.latest
    digest, size = (before.code, before.code_size) if code is None else (code.digest, code.size)
    return replace(function, latest=_latest(configuration, digest, size, now))


def published(
    function: Function, description: str, now: datetime
) -> tuple[Function, FunctionVersion]:
    """
    Publish ``$LATEST`` as the next version; what has not changed since is not published again.

    Source: Lambda API Reference, "PublishVersion".
    """
    newest = function.versions[-1] if function.versions else None
    if newest is not None and newest.content == function.latest.content:
        return function, newest
    number = function.counter + 1
    version = replace(
        function.latest, version=str(number), description=description, last_modified=now
    )
    return replace(function, versions=(*function.versions, version), counter=number), version


def aliased(
    function: Function,
    name: str,
    version: str,
    additional: Mapping[str, float],
    *,
    description: str | None = None,
    revision_id: str | None = None,
) -> Function:
    """Let an alias, new or not, point to a version, or to two by weight."""
    check_alias(name)
    check_weights(function, version, additional, name)
    before = function.aliases.get(name)
    if revision_id and (before is None or before.revision_id != revision_id):
        raise FunctionRefused(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the "
            "GetFunction/GetAlias API to retrieve the latest Revision Id",
        )
    said = description if description is not None else before.description if before else ""
    alias = Alias(
        name=name,
        function_version=version,
        additional=MappingProxyType({key: w for key, w in additional.items() if w > 0}),
        description=said,
        revision=before.revision + 1 if before else 1,
    )
    return replace(function, aliases=MappingProxyType({**function.aliases, name: alias}))


def without_alias(function: Function, name: str) -> Function:
    """Take an alias away."""
    function.alias(name)
    left = {key: alias for key, alias in function.aliases.items() if key != name}
    return replace(function, aliases=MappingProxyType(left))


def without_version(function: Function, version: str) -> Function:
    """Take a published version away; refuses one that an alias points to."""
    if version == LATEST:
        raise not_found(arn(function.name, version))
    function.version(version)
    for alias in function.aliases.values():
        if version in (alias.function_version, *alias.additional):
            raise FunctionRefused(
                "ResourceConflictException",
                f"Version {version} is referenced by alias {alias.name}",
                hint=f"point it elsewhere first: cicd function alias {alias.name}",
            )
    left = tuple(each for each in function.versions if each.version != version)
    return replace(function, versions=left)


def _latest(
    configuration: FunctionConfiguration, digest: str, size: int, now: datetime
) -> FunctionVersion:
    return FunctionVersion(
        version=LATEST,
        code=digest,
        code_size=size,
        configuration=configuration,
        last_modified=now,
        description=configuration.description,
    )
