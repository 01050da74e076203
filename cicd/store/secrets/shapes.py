"""Secrets and parameters in the shapes of the two services' answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from cicd.event import JSON
    from cicd.store.secrets.content import (
        ParameterVersion,
        SecretVersion,
        StoredParameter,
        StoredSecret,
    )


def secret_arn(secret: StoredSecret, region: str, account: str) -> str:
    """Give a secret's ARN, which ends in six characters of the service's own."""
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{secret.name}-{secret.suffix}"


def secret_value(secret: StoredSecret, version: SecretVersion, value: str, arn: str) -> JSON:
    """Source: Secrets Manager API Reference, "GetSecretValue"."""
    return {
        "ARN": arn,
        "Name": secret.name,
        "VersionId": version.id,
        "SecretString": value,
        "VersionStages": list(version.stages),
        "CreatedDate": _seconds(version.created),
    }


def described_secret(secret: StoredSecret, arn: str) -> dict[str, JSON]:
    """Source: Secrets Manager API Reference, "DescribeSecret"."""
    return {
        "ARN": arn,
        "Name": secret.name,
        **({"Description": secret.description} if secret.description else {}),
        "CreatedDate": _seconds(secret.created),
        "LastChangedDate": _seconds(secret.versions[-1].created),
        "VersionIdsToStages": {v.id: list(v.stages) for v in secret.versions if v.stages},
    }


def listed_secret(secret: StoredSecret, arn: str) -> JSON:
    """Source: Secrets Manager API Reference, "ListSecrets"; the same under another name."""
    entry = described_secret(secret, arn)
    entry["SecretVersionsToStages"] = entry.pop("VersionIdsToStages")
    return entry


def put_secret_answer(secret: StoredSecret, arn: str) -> JSON:
    """Source: Secrets Manager API Reference, "PutSecretValue"."""
    newest = secret.versions[-1]
    return {
        "ARN": arn,
        "Name": secret.name,
        "VersionId": newest.id,
        "VersionStages": list(newest.stages),
    }


def parameter_value(
    parameter: StoredParameter, version: ParameterVersion, value: str, arn: str
) -> JSON:
    """Source: Systems Manager API Reference, "GetParameter"."""
    return {
        "Parameter": {
            "Name": parameter.name,
            "Type": version.type.value,
            "Value": value,
            "Version": version.version,
            "LastModifiedDate": _seconds(version.modified),
            "ARN": arn,
            "DataType": "text",
        }
    }


def described_parameter(parameter: StoredParameter, arn: str) -> JSON:
    """Source: Systems Manager API Reference, "DescribeParameters"."""
    newest = parameter.versions[-1]
    return {
        "Name": parameter.name,
        "ARN": arn,
        "Type": newest.type.value,
        "LastModifiedDate": _seconds(newest.modified),
        **({"Description": parameter.description} if parameter.description else {}),
        "Version": newest.version,
        "Tier": "Standard",
        "DataType": "text",
    }


def parameter_arn(parameter: StoredParameter, region: str, account: str) -> str:
    """Give a parameter's ARN."""
    return f"arn:aws:ssm:{region}:{account}:parameter/{parameter.name.removeprefix('/')}"


def _seconds(at: datetime) -> float:
    return round(at.timestamp(), 3)
