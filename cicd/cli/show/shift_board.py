"""A shift in a few lines: the weight, both versions' figures, and the next step. No terminal."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.analysis.figures import Figures, figures
from cicd.deploy.shift.process import ShiftProcess
from cicd.deploy.shift.requests import requests_of, versions_of
from cicd.deploy.waits import waiting
from cicd.errors import CicdError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.deploy.shift.plan import ShiftPlan
    from cicd.event import Event
    from cicd.ports import Services

_WINDOW: Final = timedelta(seconds=10)  # of requests that the figures are of
_PAUSE: Final = 1.0  # seconds between two looks at the log
_WIDTH: Final = 30


class ShiftBoard:
    """Follows the events of one shift, and the log of its requests on a thread of its own."""

    def __init__(self, plan: Mapping[str, object], services: Services) -> None:
        """Take a deployment's plan as it is written, and begin to look."""
        from cicd.deploy.plan import DeploymentPlan
        from cicd.engine.codec import decode

        self._process = ShiftProcess(decode(DeploymentPlan, plan))
        self._state = self._process.initial()
        self._services = services
        self._figures: tuple[Figures, Figures] | None = None
        self._over = threading.Event()
        threading.Thread(target=self._look, args=(self._process.shift,), daemon=True).start()

    @property
    def target(self) -> str:
        """Give the name of the service, or of the function's alias."""
        return self._process.target

    def event(self, event: Event) -> None:
        """Take one event in."""
        self._state = self._process.apply(self._state, event)

    def close(self) -> None:
        """Look no more."""
        self._over.set()

    def lines(self) -> tuple[tuple[str, str], ...]:
        """Give names and words: the weight and what comes next, and each version's figures."""
        weight = self._process.weight(self._state)
        cells = round(_WIDTH * weight / 100)
        said = f"{'█' * cells}{'░' * (_WIDTH - cells)} {weight} %"
        now = self._services.clock.now()
        coming = self._process.next_step_at(self._state, now)
        if coming is not None:
            left = max(0, round((coming[1] - now).total_seconds()))
            at = f"{coming[1].astimezone():%H:%M:%S}"
            said += f"; {coming[0]} % at {at}, in {left // 60}:{left % 60:02}"
        wait = waiting(self._process, self._state)
        if wait is not None:
            said += f"; {wait.left(now)}"
        if self._figures is None:
            return ((self.target, said),)
        old, new = self._figures
        return ((self.target, said), ("  old", _words(old)), ("  new", _words(new)))

    def _look(self, shift: ShiftPlan) -> None:
        requests = requests_of(shift, self._services)
        while not self._over.wait(_PAUSE):
            clock = self._services.clock
            since = clock.machine(clock.now()) - _WINDOW
            try:
                seen = requests.answered(since)
            except CicdError:
                continue  # the deployment tells of a router that is gone
            old, new = (
                figures([each for each in seen if each.group == group], _WINDOW)
                for group in versions_of(shift)
            )
            self._figures = old, new


def _words(of: Figures) -> str:
    if not of.requests:
        return "no requests"
    said = f"{of.rate:7.1f} requests/s   p95 {of.p95 * 1000:8.1f} ms   "
    return f"{said}{of.errors} errors ({of.error_rate:.2%})"
