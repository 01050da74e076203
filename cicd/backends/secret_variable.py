"""The variables that hold parameters and secrets, and the names they have in a file of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.secrets.reference import CURRENT, parameter_name

if TYPE_CHECKING:
    from cicd.build.secrets.reference import SecretReference


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
