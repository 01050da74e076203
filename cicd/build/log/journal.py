"""A build's log: its own words in the service's form, and the output of its commands as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.engine.output import readable
from cicd.ports import LogBlock, LogLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.engine.redaction import Redactor
    from cicd.ports import Services


def container_line(at: datetime, text: str) -> str:
    """Put a line into the service's form: ``[Container] 2026/01/02 03:04:05.123456 …``."""
    return f"[Container] {at:%Y/%m/%d %H:%M:%S.%f} {text}"


class Journal:
    """
    Writes one build's log. A line's origin is the key of the command that it belongs to.

    Output also reaches the reporters; the build's own words do not, since they are told of the
    events that these words describe.
    """

    def __init__(self, services: Services, stream: str) -> None:
        """Write to the log of ``stream``."""
        self._services = services
        self._stream = stream
        self._redactor: Redactor | None = None

    def hide(self, redactor: Redactor) -> None:
        """Keep what is secret out of the build's own words from now on."""
        self._redactor = redactor

    def redacted(self, text: str) -> str:
        """Give a text without what is secret, as far as that is known yet."""
        return text if self._redactor is None else self._redactor.redact(text)

    def say(self, origin: str, *texts: str) -> None:
        """Write words of the build's own, as of now."""
        at = self._services.clock.now()
        for text in texts:
            self._append(
                LogLine(at=at, origin=origin, text=container_line(at, self.redacted(text)))
            )

    def tell(self, origin: str, *texts: str) -> None:
        """Write words of the build's own that no event describes: the reporters get them, too."""
        self.say(origin, *texts)
        for text in texts:
            at, shown = self._services.clock.now(), self.redacted(text)
            line = LogLine(at=at, origin=origin, text=shown)
            for reporter in self._services.reporters:
                reporter.line(self._stream, line)

    def output(self, origin: str, texts: Sequence[str]) -> None:
        """Write lines that a command wrote, exact; reporters get them readable."""
        block = LogBlock(at=self._services.clock.now(), origin=origin, texts=texts)
        self._services.logs.extend(self._stream, block)
        shown = replace(block, texts=readable(texts))
        for reporter in self._services.reporters:
            reporter.block(self._stream, shown)

    def narrate(self, at: datetime, lines: Sequence[str]) -> None:
        """Write lines that follow from an event, whole as they are."""
        texts = [self.redacted(line) for line in lines]
        self._services.logs.extend(self._stream, LogBlock(at=at, origin="", texts=texts))

    def narrated(self) -> int:
        """Count the lines that ``narrate`` has written."""
        return sum(1 for _, line in self._services.logs.read(self._stream) if not line.origin)

    def forget(self, origin: str) -> None:
        """Forget what a command wrote, and all after it: it will be written again."""
        self._services.logs.drop(self._stream, origin)

    def _append(self, line: LogLine) -> None:
        self._services.logs.append(self._stream, line)
