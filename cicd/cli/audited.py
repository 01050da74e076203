"""What the audit keeps of a control call: when it is accepted, and when it is refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cicd.cli.controls import EXECUTION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.cli.controls import Control
    from cicd.errors import CicdError
    from cicd.event import JSON, Event
    from cicd.observe.call import Call
    from cicd.ports import Described, LogBlock, LogLine


class Audited:
    """
    One control call of this invocation: written when it is accepted, or else refused.

    Accepted: it begins or changes an execution, which is the first event that is told; or it
    ends without a complaint. So a run that is killed has its record.
    """

    def __init__(
        self,
        control: Control,
        words: Mapping[str, object],
        write: Callable[[Call], None],
    ) -> None:
        """Take what was asked for; ``write`` adds a record."""
        self._control, self._write = control, write
        self._request = _request(control, words)
        self._lock = threading.Lock()
        self._written = False

    def means(self, parameters: Mapping[str, JSON]) -> None:
        """Take parameters that nobody typed, because there was only one that could be meant."""
        self._request = {**self._request, **parameters}

    def event(self, stream: str, event: Event, said: Described) -> None:
        """See ``Reporter``: something has begun."""
        del event, said
        kind, _, identity = stream.partition("/")
        name = {
            "pipeline": EXECUTION,
            "deployment": "deploymentId",
            "build": "id",
            "build-batch": "id",
        }
        self.accepted({name.get(kind, "id"): identity})

    def line(self, stream: str, line: LogLine) -> None:
        """Lines of output are no calls."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Lines of output are no calls."""

    def accepted(self, response: Mapping[str, JSON] | None = None) -> None:
        """Write that it was done, once."""
        with self._lock:
            if self._written:
                return
            self._written = True
            self._write(self._call(response=response))

    def ended(self) -> None:
        """Write that it was done, unless it was to begin something and did not."""
        if not self._control.begins:
            self.accepted()

    def refused(self, problem: CicdError) -> None:
        """Write that it was not done, unless it had begun."""
        with self._lock:
            if self._written:
                return
            self._written = True
            from cicd.observe.call import error_code

            self._write(self._call(error=error_code(problem), message=problem.message))

    def _call(
        self,
        *,
        response: Mapping[str, JSON] | None = None,
        error: str = "",
        message: str = "",
    ) -> Call:
        from datetime import UTC, datetime

        from cicd import __version__
        from cicd.backends.user_name import user_name
        from cicd.observe.call import Call

        return Call(
            at=datetime.now(UTC),
            service=self._control.service,
            name=self._control.name,
            user=user_name(),
            request=self._request,
            response=response,
            error=error,
            message=message,
            agent=f"cicd/{__version__}",
        )


def _request(control: Control, words: Mapping[str, object]) -> dict[str, JSON]:
    from cicd.observe.call import HIDDEN

    found: dict[str, JSON] = dict(control.fixed)
    for ours, theirs in control.kept.items():
        value = words.get(ours)
        if value is None or value in ("", ()):
            continue
        if isinstance(value, bool | int | float):
            found[theirs] = value
        elif isinstance(value, tuple | list):
            found[theirs] = [str(each) for each in value]
        else:
            found[theirs] = str(value)
    for ours, theirs in control.hidden.items():
        value = words.get(ours)
        if isinstance(value, tuple) and value:
            found[theirs] = [
                {"name": str(each).partition("=")[0], "value": HIDDEN} for each in value
            ]
    return found
