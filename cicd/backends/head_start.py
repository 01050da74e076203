"""
A runner whose first session is opened ahead: while who will ask for it still plans.

A container takes longer to start than all that happens before its first command,
so the two go on side by side. A session that turns out not to be wanted is closed unused,
and nothing that went wrong ahead counts: the one who then asks is told.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

from cicd.errors import CicdError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.ports import Environment, Runner, Session


class HeadStart:
    """A ``ports.Runner``, and all that another one is."""

    def __init__(self, runner: Runner, early: Runner) -> None:
        """
        Be ``runner``.

        Args:
            runner: Who does what is asked for.
            early: Who opens ahead; the same home, but nothing that a user would wait for.
        """
        self.name = runner.name
        self._runner = runner
        self._early = early
        self._asked: tuple[str, Environment, str] | None = None
        self._session: Session | None = None
        self._thread = threading.Thread()

    def begin(self, session_id: str, environment: Environment, *, stream: str) -> None:
        """Begin to open a session, once."""
        self._asked = (session_id, environment, stream)
        # Who plans mostly computes, and would keep the interpreter for 5 ms after each answer of
        # the engine; there are dozens of those.
        sys.setswitchinterval(0.0005)
        self._thread = threading.Thread(
            target=self._open, args=self._asked, name="head start", daemon=True
        )
        self._thread.start()

    def check(self) -> None:
        """See ``ports.Runner``."""
        self._runner.check()

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> Session:
        """See ``ports.Runner``."""
        if self._asked == (session_id, environment, stream):
            self._asked = None
            self._thread.join()
            session, self._session = self._session, None
            if session is not None:
                return session
        self.close()
        return self._runner.open(session_id, environment, stream=stream, say=say)

    def attach(self, session_id: str) -> Session | None:
        """See ``ports.Runner``."""
        return self._runner.attach(session_id)

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """See ``ports.Runner``."""
        return self._runner.reap(keep)

    def close(self) -> None:
        """Close what was opened and never asked for; safe twice."""
        if self._asked is not None:
            self._asked = None
            self._thread.join()
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def _open(self, session_id: str, environment: Environment, stream: str) -> None:
        try:
            self._session = self._early.open(session_id, environment, stream=stream)
        except (CicdError, OSError):
            self._session = None  # whoever asks meets it again, and is told
