"""Putting and removing, as the two services do it: content → content. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.store.secrets.content import (
    CURRENT,
    PREVIOUS,
    Content,
    ParameterType,
    ParameterVersion,
    SecretVersion,
    StoredParameter,
    StoredSecret,
)
from cicd.store.secrets.names import check_parameter, check_parameter_value, check_secret

if TYPE_CHECKING:
    from datetime import datetime

KEPT = 100  # versions of each, as the services keep them


def put_secret(
    content: Content,
    name: str,
    value: str,
    *,
    at: datetime,
    new_id: str,
    suffix: str,
    stages: tuple[str, ...] = (),
    description: str | None = None,
) -> Content:
    """
    Add a version, and the secret if it is not there yet.

    Args:
        content: What is there.
        name: The secret's name.
        value: The new version's value.
        at: Now.
        new_id: The new version's id.
        suffix: Six characters for the ARN of a new secret.
        stages: The labels that move to the new version; AWSCURRENT if none are named, and on
            the first version in any case. Its former holder becomes AWSPREVIOUS.
        description: None leaves what is there.

    Raises UsageError for a name or value that the service would refuse.

    Source: Secrets Manager API Reference, "CreateSecret", "PutSecretValue".
    """
    check_secret(name, value)
    there = content.secrets.get(name)
    old = there.versions if there is not None else ()
    moving = tuple(dict.fromkeys((*stages, *(() if stages and old else (CURRENT,)))))
    if CURRENT in moving and any(CURRENT in v.stages for v in old):
        taken = {*moving, PREVIOUS}
    else:
        taken = {*moving}
    kept = []
    for version in old:
        left = tuple(stage for stage in version.stages if stage not in taken)
        if CURRENT in version.stages and CURRENT in moving and PREVIOUS not in moving:
            left = (*left, PREVIOUS)
        kept.append(replace(version, stages=left))
    versions = (*kept, SecretVersion(id=new_id, stages=moving, created=at))
    spare = len(versions) - KEPT
    dropped = [v for v in versions if not v.stages][: max(spare, 0)]
    secret = StoredSecret(
        name=name,
        suffix=there.suffix if there is not None else suffix,
        description=_kept(description, there.description if there is not None else ""),
        created=there.created if there is not None else at,
        versions=tuple(v for v in versions if v not in dropped),
    )
    gone = {f"secret:{v.id}" for v in dropped}
    values = {k: v for k, v in content.values.items() if k not in gone}
    return replace(
        content,
        secrets={**content.secrets, name: secret},
        values={**values, f"secret:{new_id}": value},
    )


def put_parameter(
    content: Content,
    name: str,
    value: str,
    *,
    at: datetime,
    type_: ParameterType | None = None,
    description: str | None = None,
) -> Content:
    """
    Add a version, and the parameter if it is not there yet.

    ``type_`` None keeps the type; that of a new parameter is then SecureString.
    Raises UsageError for a name or value that the service would refuse.

    Source: Systems Manager API Reference, "PutParameter".
    """
    check_parameter(name)
    there = content.parameters.get(name)
    old = there.versions if there is not None else ()
    kind = type_ or (old[-1].type if old else ParameterType.SECURE_STRING)
    check_parameter_value(name, value, kind)
    number = old[-1].version + 1 if old else 1
    versions = (*old, ParameterVersion(version=number, type=kind, modified=at))
    gone = {f"parameter:{name}:{v.version}" for v in versions[:-KEPT]}
    parameter = StoredParameter(
        name=name,
        description=_kept(description, there.description if there is not None else ""),
        versions=versions[-KEPT:],
    )
    values = {k: v for k, v in content.values.items() if k not in gone}
    return replace(
        content,
        parameters={**content.parameters, name: parameter},
        values={**values, f"parameter:{name}:{number}": value},
    )


def remove_secret(content: Content, name: str) -> Content:
    """Forget a secret and all its versions; raises UsageError for an unknown one."""
    secret = content.secrets.get(name)
    if secret is None:
        raise UsageError(f"there is no secret '{name}'", hint="cicd secret list names them")
    gone = {f"secret:{version.id}" for version in secret.versions}
    return replace(
        content,
        secrets={k: v for k, v in content.secrets.items() if k != name},
        values={k: v for k, v in content.values.items() if k not in gone},
    )


def remove_parameter(content: Content, name: str) -> Content:
    """Forget a parameter and all its versions; raises UsageError for an unknown one."""
    parameter = content.parameters.get(name)
    if parameter is None:
        raise UsageError(f"there is no parameter '{name}'", hint="cicd parameter list names them")
    gone = {f"parameter:{name}:{version.version}" for version in parameter.versions}
    return replace(
        content,
        parameters={k: v for k, v in content.parameters.items() if k != name},
        values={k: v for k, v in content.values.items() if k not in gone},
    )


def _kept(asked: str | None, there: str) -> str:
    return there if asked is None else asked
