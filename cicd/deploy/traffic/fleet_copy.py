"""COPY_AUTO_SCALING_GROUP: a replacement like the original, beside it. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cicd.deploy.traffic.plan import endpoint_of
from cicd.ports import Endpoint, TargetKind

if TYPE_CHECKING:
    from cicd.ports import TargetSpec

_SUFFIX: Final = "-copy"
_APART: Final = 1000  # ports between an instance and its copy
_HIGHEST: Final = 65535


def copy_of(target: TargetSpec) -> TargetSpec:
    """
    Give the copy of an instance: beside it, and 1000 ports above it (or below).

    The port must be another one, since all instances are on one machine; their hooks learn it
    from PORT. Raises ``UsageError`` when the instance does not say where it listens.
    That of a fleet's member stands for one that is made when the deployment begins.
    """
    if target.kind is TargetKind.CONTAINER:
        return replace(target, id=f"{target.id}{_SUFFIX}", location=f"{target.location}{_SUFFIX}")
    endpoint = endpoint_of(target)
    port = endpoint.port + _APART
    port = port if port <= _HIGHEST else endpoint.port - _APART
    variables = {**dict(target.variables), "PORT": str(port)}
    return replace(
        target,
        id=f"{target.id}{_SUFFIX}",
        location=f"{target.location}{_SUFFIX}",
        variables=tuple(variables.items()),
        endpoint=f"http://{Endpoint(host=endpoint.host, port=port)}",
    )
