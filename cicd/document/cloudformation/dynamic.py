"""Dynamic references as they are written: ``{{resolve:ssm:…}}`` and its kin. Pure."""

from __future__ import annotations

import re

DYNAMIC = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^{}]+)\}\}")
"""The service, and what it is asked for."""


def secret_of(reference: str) -> str:
    """
    Write a secret as CodeBuild does: ``id:SecretString:key:stage:version`` without the constant.

    Source: CloudFormation User Guide, "Secrets Manager secret"; an id may be an ARN, of 7 parts.
    """
    parts = reference.split(":")
    length = 7 if parts[0] == "arn" else 1
    rest = parts[length:]
    if rest and rest[0] in ("SecretString", ""):
        rest = rest[1:]
    return ":".join((":".join(parts[:length]), *rest)).rstrip(":")
