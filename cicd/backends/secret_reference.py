"""The grammar by which documents name secrets and parameters, and the variables that hold them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cicd.errors import UsageError

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


def parameter_variable(name: str) -> str:
    """
    Name the variable that holds a parameter: "/CodeBuild/x/y" → "CICD_PARAMETER_CODEBUILD_X_Y".

    A version or label after a colon counts like any other part.
    """
    return f"CICD_PARAMETER_{_word(parameter_name(name))}"


def secret_variable(reference: SecretReference) -> str:
    """
    Name the variable that holds a secret: "team/bot" → "CICD_SECRET_TEAM_BOT".

    Versions other than the current one have variables of their own:
    stage AWSPREVIOUS → "CICD_SECRET_TEAM_BOT_AWSPREVIOUS". The key plays no part.
    """
    return f"CICD_SECRET_{_word(reference.name + _version(reference))}"


def secret_names(reference: SecretReference) -> tuple[str, ...]:
    """Give the names under which a file may hold that version, the most exact first."""
    version = _version(reference)
    return (reference.secret_id + version, reference.name + version)


def _version(reference: SecretReference) -> str:
    version = reference.version_id or reference.version_stage
    return "" if version == CURRENT else f":{version}"


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").upper()
