"""The store's parameters as stacks make and remove them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.store.secrets.content import ParameterType

if TYPE_CHECKING:
    from cicd.store.secrets.secret_store import SecretStore


class LocalParameters:
    """The ``ParameterStore`` over the store of one home."""

    def __init__(self, store: SecretStore) -> None:
        """Take the store; nothing is opened yet."""
        self._store = store

    def has(self, name: str) -> bool:
        """Look it up by its exact name."""
        return name in self._store.read().parameters

    def put(self, name: str, value: str, *, kind: str, description: str = "") -> None:
        """Put a version of the type ``kind``."""
        self._store.put_parameter(
            name, value, type_=ParameterType(kind), description=description or None
        )

    def remove(self, name: str) -> None:
        """Forget it and its versions."""
        self._store.remove_parameter(name)
