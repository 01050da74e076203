"""The grammar by which documents name secrets and parameters. Pure."""

from __future__ import annotations

import json
import re

from cicd.errors import UsageError
from cicd.record import dataclass

CURRENT = "AWSCURRENT"
_SECRET_ARN_FIELDS = 7  # arn:aws:secretsmanager:region:account:secret:name-AbCdEf


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretReference:
    """One version of one secret, or one key of it."""

    secret_id: str  # a name, or an ARN
    json_key: str = ""  # "": the whole secret
    version_stage: str = CURRENT
    version_id: str = ""  # "": by stage

    @property
    def name(self) -> str:
        """The secret's name; an ARN's ends in a dash and six characters that AWS added."""
        if not self.secret_id.startswith("arn:"):
            return self.secret_id
        return re.sub(r"-[A-Za-z0-9]{6}$", "", self.secret_id.split(":", 6)[6])


def read_secret_reference(text: str) -> SecretReference:
    """
    Read ``secret-id:json-key:version-stage:version-id``; all but the first may be empty.

    Raises UsageError for too many fields, no secret, or both a stage and an id.

    Source: CodeBuild User Guide, "Build specification reference", env/secrets-manager.
    """
    fields = text.split(":")
    taken = _SECRET_ARN_FIELDS if text.startswith("arn:") else 1
    secret_id, rest = ":".join(fields[:taken]), fields[taken:]
    incomplete = not secret_id or (taken > 1 and (len(fields) < taken or not fields[taken - 1]))
    if incomplete or len(rest) > 3:
        raise UsageError(
            f"'{text}' does not name a secret",
            hint="write secret-id:json-key:version-stage:version-id, the last three if needed",
        )
    json_key, version_stage, version_id = (*rest, "", "", "")[:3]
    if version_stage and version_id:
        raise UsageError(
            f"'{text}' names both a version stage and a version id",
            hint="leave one of the two out",
        )
    return SecretReference(
        secret_id=secret_id,
        json_key=json_key,
        version_stage=version_stage or ("" if version_id else CURRENT),
        version_id=version_id,
    )


def parameter_name(name: str) -> str:
    """Give a parameter's name without the ARN around it: "/CodeBuild/x/y"."""
    match = re.fullmatch(r"arn:[^:]*:ssm:[^:]*:[^:]*:parameter(/.+)", name)
    return match[1] if match else name


def parameter_version(name: str) -> tuple[str, str]:
    """Split a parameter's name, or ARN, from the version or label after its colon: "/x/y", "3"."""
    plain, _, version = parameter_name(name).partition(":")
    return plain, version


def under_key(value: str, asked: SecretReference, *, hint: str) -> str:
    """
    Give what a secret's JSON object holds under the key that is asked for.

    Raises UsageError, which never quotes the value, where it is no object or has no text there;
    ``hint`` says what to do.
    """
    where = f"secret '{asked.name}'"
    try:
        table = json.loads(value)
    except (ValueError, RecursionError):
        # The decoder's own words would quote the secret.
        raise UsageError(
            f"{where} is not JSON, so it has no key '{asked.json_key}'",
            hint=f"leave the key out, or {hint}",
        ) from None
    found = table.get(asked.json_key) if isinstance(table, dict) else None
    if not isinstance(found, str):
        raise UsageError(f"{where} has no text under the key '{asked.json_key}'", hint=hint)
    return found
