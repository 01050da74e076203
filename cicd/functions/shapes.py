"""Functions, versions and aliases in the shapes of Lambda's own answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.account import ACCOUNT
from cicd.functions.function import LATEST, arn, log_group

if TYPE_CHECKING:
    from cicd.event import JSON
    from cicd.functions.function import Alias, Function, FunctionVersion


def configuration_shape(name: str, version: FunctionVersion) -> dict[str, JSON]:
    """Give a version. Source: Lambda API Reference, "FunctionConfiguration"."""
    held = version.configuration
    qualifier = "" if version.version == LATEST else version.version
    shape: dict[str, JSON] = {
        "FunctionName": name,
        "FunctionArn": arn(name, qualifier),
        "Runtime": held.runtime,
        "Role": f"arn:aws:iam::{ACCOUNT}:role/local",
        "Handler": held.handler,
        "CodeSize": version.code_size,
        "Description": version.description,
        "Timeout": held.timeout,
        "MemorySize": held.memory_size,
        "LastModified": f"{version.last_modified:%Y-%m-%dT%H:%M:%S}.000+0000",
        "CodeSha256": version.code_sha256,
        "Version": version.version,
        "TracingConfig": {"Mode": "PassThrough"},
        "RevisionId": version.content[:32],
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": log_group(name)},
    }
    if held.environment:
        shape["Environment"] = {"Variables": dict(held.environment)}
    return shape


def function_shape(function: Function, version: FunctionVersion) -> dict[str, JSON]:
    """Give what GetFunction answers. Source: Lambda API Reference, "GetFunction"."""
    return {
        "Configuration": configuration_shape(function.name, version),
        "Code": {"RepositoryType": "local", "Location": version.code},
        "Tags": {},
    }


def alias_shape(name: str, alias: Alias) -> dict[str, JSON]:
    """Give an alias. Source: Lambda API Reference, "AliasConfiguration"."""
    shape: dict[str, JSON] = {
        "AliasArn": arn(name, alias.name),
        "Name": alias.name,
        "FunctionVersion": alias.function_version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.additional:
        shape["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.additional)}
    return shape
