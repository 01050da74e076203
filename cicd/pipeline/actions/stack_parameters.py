"""
Parameters of a CloudFormation action: its own text, its configuration file, its functions.

Source: CloudFormation User Guide, "Using parameter override functions with CodePipeline
pipelines" and "Template configuration file".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.pipeline.result import StoredArtifact

MAX_OVERRIDES: Final = 1024
"""Bytes of ``ParameterOverrides``."""

_ATTRIBUTES: Final = ("BucketName", "ObjectKey", "URL")


class ParametersInvalid(Exception):
    """What is given as parameters cannot be used; the message says why. Caught in the action."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """``Artifact::path/in/it``."""

    artifact: str
    path: str


def read_place(text: str, key: str, inputs: Mapping[str, StoredArtifact]) -> Place:
    """Read a place that names a file of one of the action's own inputs."""
    artifact, colons, path = text.partition("::")
    if not colons or not artifact or not path:
        raise ParametersInvalid(f"{key} '{text}' is not of the form ArtifactName::path/of/a/file")
    if artifact not in inputs:
        known = ", ".join(inputs) or "none"
        raise ParametersInvalid(
            f"{key} '{text}' names the artifact '{artifact}', and the action's inputs are: {known}"
        )
    return Place(artifact=artifact, path=path)


def read_overrides(
    text: str,
    inputs: Mapping[str, StoredArtifact],
    bucket: str,
    region: str,
    read: Callable[[Place], str],
) -> dict[str, str]:
    """
    Read ``ParameterOverrides``: JSON text, in which two functions of the pipeline may stand.

    Args:
        text: "" for none.
        inputs: The action's input artifacts.
        bucket: The artifact store's.
        region: Where that is.
        read: Gives a file of an input artifact.

    Raises:
        ParametersInvalid: It is too long or no JSON object, or a function asks for what is not
            there.

    """
    if not text:
        return {}
    if len(text.encode()) > MAX_OVERRIDES:
        raise ParametersInvalid(f"ParameterOverrides is longer than {MAX_OVERRIDES} bytes")
    found = _object(text, "ParameterOverrides")
    resolver = _Functions(inputs, bucket, region, read)
    return {name: resolver.value(name, value) for name, value in found.items()}


def read_configuration(text: str, where: str) -> tuple[dict[str, str], dict[str, str], bool]:
    """Read a template configuration file: parameters, tags, and whether it has a policy."""
    found = _object(text, where)
    unknown = found.keys() - {"Parameters", "Tags", "StackPolicy"}
    if unknown:
        raise ParametersInvalid(
            f"{where} has '{min(unknown)}', and takes Parameters, Tags and StackPolicy"
        )
    sections = []
    for key in ("Parameters", "Tags"):
        section = found.get(key, {})
        if not isinstance(section, dict):
            raise ParametersInvalid(f"'{key}' of {where} is not an object")
        sections.append({name: _text(name, value) for name, value in section.items()})
    return sections[0], sections[1], "StackPolicy" in found


class _Functions:
    def __init__(
        self,
        inputs: Mapping[str, StoredArtifact],
        bucket: str,
        region: str,
        read: Callable[[Place], str],
    ) -> None:
        self._inputs = inputs
        self._bucket = bucket
        self._region = region
        self._read = read

    def value(self, name: str, value: object) -> str:
        match value:
            case {"Fn::GetArtifactAtt": [str(artifact), str(attribute)]}:
                return self._attribute(artifact, attribute)
            case {"Fn::GetParam": [str(artifact), str(file), str(key)]}:
                return self._parameter(artifact, file, key)
        return _text(name, value)

    def _attribute(self, artifact: str, attribute: str) -> str:
        if artifact not in self._inputs:
            raise ParametersInvalid(
                f"Fn::GetArtifactAtt names '{artifact}', which is no input of the action"
            )
        key = self._inputs[artifact].key
        match attribute:
            case "BucketName":
                return self._bucket
            case "ObjectKey":
                return key
            case "URL":
                return f"https://s3-{self._region}.amazonaws.com/{self._bucket}/{key}"
        raise ParametersInvalid(
            f"Fn::GetArtifactAtt asks for '{attribute}'; there are {', '.join(_ATTRIBUTES)}"
        )

    def _parameter(self, artifact: str, file: str, key: str) -> str:
        if artifact not in self._inputs:
            raise ParametersInvalid(
                f"Fn::GetParam names '{artifact}', which is no input of the action"
            )
        where = f"{artifact}::{file}"
        found = _object(self._read(Place(artifact=artifact, path=file)), where)
        if key not in found:
            raise ParametersInvalid(f"{where} has no '{key}'")
        return _text(key, found[key])


def _object(text: str, what: str) -> dict[str, object]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as reason:
        raise ParametersInvalid(f"{what} is not JSON: {reason}") from None
    if not isinstance(found, dict):
        raise ParametersInvalid(f"{what} is not a JSON object")
    return found


def _text(name: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    raise ParametersInvalid(f"the value of '{name}' is neither text nor a function that is known")
