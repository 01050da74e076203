"""Parameters and secrets out of variables of the invocation, or of a file of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from cicd.backends.env_file import read_env_file
from cicd.backends.secret_reference import (
    parameter_name,
    parameter_variable,
    read_secret_reference,
    secret_names,
    secret_variable,
)
from cicd.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cicd.backends.secret_reference import SecretReference


class EnvironmentSecrets:
    """
    The ``SecretSource`` without a service behind it.

    A value is looked for under its own name in the file ("/CodeBuild/x/y=…"), then under the
    name of its variable ("CICD_PARAMETER_CODEBUILD_X_Y") in the file and in the environment.
    The environment's other variables are never given away: a document could ask for any name.
    """

    def __init__(self, environ: Mapping[str, str], env_file: Path | None = None) -> None:
        """Read ``env_file`` now (see ``read_env_file`` for what it raises)."""
        self._environ = environ
        self._file = read_env_file(env_file) if env_file else {}

    def parameter(self, name: str) -> str | None:
        """Value of a Parameter Store parameter, given by name or ARN; None: it is not there."""
        return self._find((name, parameter_name(name)), parameter_variable(name))

    def secret(self, reference: str) -> str | None:
        """
        Value behind ``secret-id:json-key:version-stage:version-id``; None: it is not there.

        Raises UsageError for a reference of another form, and for a key in a secret that is
        not a JSON object with a text under that key.
        """
        asked = read_secret_reference(reference)
        value = self._find(secret_names(asked), secret_variable(asked))
        return value if value is None or not asked.json_key else _under_key(value, asked)

    def parameter_hint(self, name: str) -> str:
        """Name the variable to set, and the line that does the same in an env file."""
        return _hint(parameter_variable(name), parameter_name(name))

    def secret_hint(self, reference: str) -> str:
        """Name the variable to set, and the line that does the same in an env file."""
        asked = read_secret_reference(reference)
        value = f'{{"{asked.json_key}": "…"}}' if asked.json_key else "…"
        return _hint(secret_variable(asked), secret_names(asked)[-1], value)

    def _find(self, names: Iterable[str], variable: str) -> str | None:
        for name in (*names, variable):
            if name in self._file:
                return self._file[name]
        return self._environ.get(variable)


def _hint(variable: str, name: str, value: str = "…") -> str:
    return f"set {variable}={value}, or put {name}={value} into a file and name it by --env-file"


def _under_key(value: str, asked: SecretReference) -> str:
    where = f"secret '{asked.name}'"
    try:
        table = json.loads(value)
    except (ValueError, RecursionError):
        # The decoder's own words would quote the secret.
        raise UsageError(
            f"{where} is not JSON, so it has no key '{asked.json_key}'",
            hint=f"leave the key out, or make {secret_variable(asked)} a JSON object",
        ) from None
    found = table.get(asked.json_key) if isinstance(table, dict) else None
    if not isinstance(found, str):
        raise UsageError(
            f"{where} has no text under the key '{asked.json_key}'",
            hint=f'set {secret_variable(asked)} to {{"{asked.json_key}": "…"}}',
        )
    return found
