"""The functions of this machine as hooks of deployments: called, and not waited for."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.functions.names import split
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.ports import Services


class LocalHookFunctions:
    """The ``HookFunctions`` of a home."""

    def __init__(self, services: Services) -> None:
        """Call the functions of the services' own home."""
        self._functions = Functions(services)

    def has(self, name: str) -> bool:
        """Tell whether there is a function of that name, or ARN."""
        try:
            self._functions.find(split(name)[0])
        except FunctionRefused:
            return False
        return True

    def call(self, name: str, payload: Mapping[str, str]) -> None:
        """Call one; what it prints, and why it could not run, is in its own log."""
        try:
            prepared = self._functions.prepare(
                name, payload=json.dumps(dict(payload)).encode(), asynchronous=True
            )
        except FunctionRefused as refusal:
            raise Unavailable(refusal.message, hint=refusal.hint) from None
        threading.Thread(
            target=self._functions.invoke_unheard, args=(prepared,), daemon=True
        ).start()
