"""Parameters and secrets out of variables of the invocation, or of a file of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.backends.env_file import read_env_file
from cicd.backends.secret_variable import parameter_variable, secret_names, secret_variable
from cicd.build.secrets.reference import parameter_name, read_secret_reference, under_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from cicd.backends.secrets_chain import SecretOrigin


def environment_secrets(origin: SecretOrigin) -> EnvironmentSecrets:
    """Make the source named "environment"."""
    return EnvironmentSecrets(origin.environ, origin.env_file)


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
        if value is None or not asked.json_key:
            return value
        how = f'set {secret_variable(asked)} to {{"{asked.json_key}": "…"}}'
        return under_key(value, asked, hint=how)

    def parameter_place(self, name: str) -> str | None:
        """Name the variable, or the line of the file; None: it is not there."""
        return self._place((name, parameter_name(name)), parameter_variable(name))

    def secret_place(self, reference: str) -> str | None:
        """Name the variable, or the line of the file; None: it is not there."""
        asked = read_secret_reference(reference)
        return self._place(secret_names(asked), secret_variable(asked))

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

    def _place(self, names: Iterable[str], variable: str) -> str | None:
        for name in (*names, variable):
            if name in self._file:
                return f"the env file's {name}"
        return f"the variable {variable}" if variable in self._environ else None


def _hint(variable: str, name: str, value: str = "…") -> str:
    return f"set {variable}={value}, or put {name}={value} into a file and name it by --env-file"
