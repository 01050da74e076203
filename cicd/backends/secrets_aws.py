"""
Parameters and secrets of a real account, where the user names a profile: the door to boto3.

Nothing else here speaks to AWS.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

from cicd.build.secrets.reference import read_secret_reference, under_key
from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.backends.secrets_chain import SecretOrigin

_MISSING = frozenset(
    {"ParameterNotFound", "ParameterVersionNotFound", "ResourceNotFoundException"}
)


class Client(Protocol):
    """What is used of a client of boto3's."""

    def get_parameter(self, **asked: object) -> Mapping[str, Any]:
        """Source: Systems Manager API Reference."""

    def get_secret_value(self, **asked: str) -> Mapping[str, Any]:
        """Source: Secrets Manager API Reference."""


def aws_secrets(origin: SecretOrigin) -> AwsSecrets:
    """Make the source named "aws"; raises UsageError where nobody has named a profile."""
    if origin.profile is None:
        raise UsageError(
            "the settings name AWS as a source of secrets, but no profile",
            hint="name one with CICD_PROFILE, or 'profile' in config.toml",
        )
    return AwsSecrets(origin.profile)


class AwsSecrets:
    """The ``SecretSource`` over Parameter Store and Secrets Manager themselves."""

    def __init__(self, profile: str, client: Callable[[str], Client] | None = None) -> None:
        """Take the profile; ``client`` makes a service's client, by boto3 if None."""
        self._profile = profile
        self._make = client or self._by_boto3
        self._clients: dict[str, Client] = {}
        self._lock = threading.Lock()  # making a session is not safe on several threads

    def parameter(self, name: str) -> str | None:
        """Value of a parameter; None: it does not exist."""
        found = self._ask(
            "ssm", lambda client: client.get_parameter(Name=name, WithDecryption=True)
        )
        return None if found is None else str(found["Parameter"]["Value"])

    def secret(self, reference: str) -> str | None:
        """
        Value behind ``secret-id:json-key:version-stage:version-id``; None: it does not exist.

        Raises UsageError for a reference of another form, for a key that is not there, and for
        what the account does not allow.
        """
        asked = read_secret_reference(reference)
        words = {
            "SecretId": asked.secret_id,
            "VersionStage": asked.version_stage,
            "VersionId": asked.version_id,
        }
        words = {word: value for word, value in words.items() if value}
        found = self._ask("secretsmanager", lambda client: client.get_secret_value(**words))
        if found is None:
            return None
        if "SecretString" not in found:
            raise UsageError(
                f"secret '{asked.name}' is binary", hint="a build takes secrets that are text"
            )
        value = str(found["SecretString"])
        if not asked.json_key:
            return value
        return under_key(value, asked, hint=f"look at it in the account: {asked.secret_id}")

    def parameter_place(self, name: str) -> str | None:
        """Name the profile; None: it does not exist there."""
        return None if self.parameter(name) is None else self._place

    def secret_place(self, reference: str) -> str | None:
        """Name the profile; None: it does not exist there."""
        whole = reference if ":" not in reference else _without_key(reference)
        return None if self.secret(whole) is None else self._place

    def parameter_hint(self, name: str) -> str:
        """Give the command that puts it there."""
        return f"aws ssm put-parameter --profile {self._profile} --type SecureString --name {name}"

    def secret_hint(self, reference: str) -> str:
        """Give the command that puts it there."""
        name = read_secret_reference(reference).name
        return f"aws secretsmanager create-secret --profile {self._profile} --name {name}"

    @property
    def _place(self) -> str:
        return f"AWS, profile {self._profile}"

    def _ask(
        self, service: str, ask: Callable[[Client], Mapping[str, Any]]
    ) -> Mapping[str, Any] | None:
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
        # Here, since without boto3 there is neither a client nor its errors.
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return ask(self._clients[service])
        except ClientError as refused:
            said = refused.response.get("Error", {})
            if said.get("Code") in _MISSING:
                return None
            raise UsageError(
                f"{said.get('Code')}: {said.get('Message')}",
                hint=f"that is what AWS says to profile '{self._profile}'",
            ) from None
        except BotoCoreError as problem:
            raise Unavailable(
                f"AWS cannot be asked with profile '{self._profile}': {problem}",
                hint="look at 'aws sts get-caller-identity --profile "
                f"{self._profile}', or leave the profile out",
            ) from None

    def _by_boto3(self, service: str) -> Client:
        try:
            import boto3
            from botocore.exceptions import BotoCoreError
        except ImportError:
            raise Unavailable(
                f"profile '{self._profile}' needs boto3, which is not installed",
                hint="pip install 'cicd[aws]'",
            ) from None
        try:
            made: Client = boto3.Session(profile_name=self._profile).client(service)
        except BotoCoreError as problem:
            raise Unavailable(
                f"profile '{self._profile}' cannot be used: {problem}",
                hint="'aws configure list-profiles' names them; a region is needed, too",
            ) from None
        return made


def _without_key(reference: str) -> str:
    asked = read_secret_reference(reference)
    stage = "" if asked.version_id else asked.version_stage
    return f"{asked.secret_id}::{stage}:{asked.version_id}"
