"""The store of secrets and parameters: what to put, read and remove, one change at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.ports import Clock
from cicd.record import dataclass
from cicd.store.disk import prepare_home
from cicd.store.secrets.changes import (
    put_parameter,
    put_secret,
    remove_parameter,
    remove_secret,
)
from cicd.store.secrets.content import CURRENT
from cicd.store.secrets.key import KeyRing
from cicd.store.secrets.sealed_file import SealedFile

if TYPE_CHECKING:
    from cicd.store.secrets.content import (
        Content,
        ParameterType,
        StoredParameter,
        StoredSecret,
    )

FILE = "secrets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretStore:
    """The store of one home. Safe for several processes at once."""

    home: Path
    keys: KeyRing
    clock: Clock
    new_id: Callable[[], str]

    def read(self) -> Content:
        """Give what is in it; see ``SealedFile.read`` for what it raises."""
        return self._file.read()

    def put_secret(
        self,
        name: str,
        value: str,
        *,
        json_key: str = "",
        stages: tuple[str, ...] = (),
        description: str | None = None,
    ) -> StoredSecret:
        """
        Add a version to a secret, new or not; see ``changes.put_secret``.

        With ``json_key`` the new version is the current one with that key changed; raises
        UsageError where that is no JSON object.
        """
        prepare_home(self.home)
        with self._file.locked() as change:
            whole = _with_key(change.content, name, json_key, value) if json_key else value
            content = put_secret(
                change.content,
                name,
                whole,
                at=self.clock.now(),
                new_id=self.new_id(),
                suffix=self.new_id()[:6],
                stages=stages,
                description=description,
            )
            change.write(content)
        return content.secrets[name]

    def put_parameter(
        self,
        name: str,
        value: str,
        *,
        type_: ParameterType | None = None,
        description: str | None = None,
    ) -> StoredParameter:
        """Add a version to a parameter, new or not; see ``changes.put_parameter``."""
        prepare_home(self.home)
        with self._file.locked() as change:
            content = put_parameter(
                change.content,
                name,
                value,
                at=self.clock.now(),
                type_=type_,
                description=description,
            )
            change.write(content)
        return content.parameters[name]

    def remove_secret(self, name: str) -> None:
        """Forget a secret and all its versions; raises UsageError for an unknown one."""
        prepare_home(self.home)
        with self._file.locked() as change:
            change.write(remove_secret(change.content, name))

    def remove_parameter(self, name: str) -> None:
        """Forget a parameter and all its versions; raises UsageError for an unknown one."""
        prepare_home(self.home)
        with self._file.locked() as change:
            change.write(remove_parameter(change.content, name))

    @property
    def _file(self) -> SealedFile:
        return SealedFile(self.home / FILE, self.keys)


def _with_key(content: Content, name: str, key: str, value: str) -> str:
    there = content.secrets.get(name)
    version = there.version(stage=CURRENT) if there is not None else None
    table: object = {}
    if version is not None:
        try:
            table = json.loads(content.secret_value(version))
        except (ValueError, RecursionError):
            table = None
    if not isinstance(table, dict):
        raise UsageError(
            f"secret '{name}' is not a JSON object, so no key of it can be put",
            hint=f"put the whole of it: cicd secret put {name}",
        )
    return json.dumps({**table, key: value}, ensure_ascii=False)
