"""The store of this machine as a source of a build's parameters and secrets."""

from __future__ import annotations

import shlex
import threading
from typing import TYPE_CHECKING, Protocol

from cicd.build.secrets.reference import (
    CURRENT,
    parameter_version,
    read_secret_reference,
    under_key,
)
from cicd.store.secrets.content import Content
from cicd.store.secrets.key import KeyRing
from cicd.store.secrets.sealed_file import SealedFile
from cicd.store.secrets.secret_store import FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cicd.build.secrets.reference import SecretReference
    from cicd.store.secrets.content import ParameterVersion, SecretVersion, StoredParameter


class SecretOrigin(Protocol):
    """What the store is made out of, of all that a source may be made out of."""

    @property
    def home(self) -> Path:
        """Where the store is."""

    @property
    def environ(self) -> Mapping[str, str]:
        """Where its key is looked for."""


def stored_secrets(origin: SecretOrigin) -> StoredSecrets:
    """Make the source named "store"."""
    return StoredSecrets(origin.home, KeyRing.of(origin.environ))


class StoredSecrets:
    """The ``SecretSource`` over the store of one home; opened when first asked."""

    def __init__(self, home: Path, keys: KeyRing) -> None:
        """Take where the store may be."""
        self._file = SealedFile(home / FILE, keys)
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int, int], Content] | None = None

    def parameter(self, name: str) -> str | None:
        """Value of a parameter by name, ARN, or either with a version; None: not there."""
        content = self._content()
        found = find_parameter(content, name)
        if found is None:
            return None
        parameter, version = found
        return content.parameter_value(parameter.name, version)

    def secret(self, reference: str) -> str | None:
        """
        Value behind ``secret-id:json-key:version-stage:version-id``; None: it is not there.

        Raises UsageError for a reference of another form, and for a key in a secret that is
        not a JSON object with a text under that key.
        """
        asked = read_secret_reference(reference)
        content = self._content()
        version = _version(content, asked)
        if version is None:
            return None
        value = content.secret_value(version)
        if not asked.json_key:
            return value
        return under_key(value, asked, hint=_put_secret(asked))

    def parameter_place(self, name: str) -> str | None:
        """Name the store; None: it is not there."""
        return "the local store" if find_parameter(self._content(), name) else None

    def secret_place(self, reference: str) -> str | None:
        """Name the store; None: it is not there."""
        asked = read_secret_reference(reference)
        return "the local store" if _version(self._content(), asked) else None

    def parameter_hint(self, name: str) -> str:
        """Give the command that puts it."""
        plain, _ = parameter_version(name)
        return f"cicd parameter put {shlex.quote(plain)} --type SecureString"

    def secret_hint(self, reference: str) -> str:
        """Give the command that puts it."""
        return _put_secret(read_secret_reference(reference))

    def _content(self) -> Content:
        """Read the file, unless it is as it was: a passphrase takes its time."""
        with self._lock:
            try:
                found = self._file.path.stat()
            except FileNotFoundError:
                return Content()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if self._read is None or self._read[0] != mark:
                self._read = (mark, self._file.read())
            return self._read[1]


def find_parameter(content: Content, name: str) -> tuple[StoredParameter, ParameterVersion] | None:
    """Find a parameter by name or ARN, and the version that either names, else the newest."""
    plain, asked = parameter_version(name)
    # An ARN does not tell whether the name it ends in begins with a slash.
    for each in (plain, plain.removeprefix("/")) if name.startswith("arn:") else (plain,):
        parameter = content.parameters.get(each)
        if parameter is None or (asked and not (asked.isascii() and asked.isdigit())):
            continue
        version = parameter.version(int(asked[:9]) if asked else None)
        if version is not None:
            return parameter, version
    return None


def _version(content: Content, asked: SecretReference) -> SecretVersion | None:
    secret = content.secrets.get(asked.name)
    if secret is None:
        return None
    return secret.version(stage=asked.version_stage, id_=asked.version_id)


def _put_secret(asked: SecretReference) -> str:
    name = f"{asked.name}:{asked.json_key}" if asked.json_key else asked.name
    stage = asked.version_stage if asked.version_stage not in ("", CURRENT) else ""
    return f"cicd secret put {shlex.quote(name)}" + (
        f" --stage {shlex.quote(stage)}" if stage else ""
    )
