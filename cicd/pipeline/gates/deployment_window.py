"""DeploymentWindow: whether now is inside a window, which a cron expression describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.pipeline.gates.cron import BadCron, Cron
from cicd.pipeline.gates.time_zone import find_time_zone

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.condition import RuleResult
    from cicd.pipeline.gates.provider import RuleRequest
    from cicd.ports import Services


class DeploymentWindow:
    """Looks at the clock once; nobody waits for a window to open."""

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """See ``RuleProvider``."""
        del scope, again
        text, name = request.configuration.get("Cron", ""), request.configuration.get("TimeZone")
        try:
            window = Cron.parse(text)
            zone = find_time_zone(name or "UTC")
        except BadCron as reason:
            return request.misconfigured(f"Cron: {reason}")
        except LookupError:
            return request.misconfigured(f"TimeZone: '{name}' is not a time zone")
        now = services.clock.now().astimezone(zone)
        holds = window.matches(now)
        when = f"{now:%a %Y-%m-%d %H:%M} {name or 'UTC'}"
        word = "inside" if holds else "outside"
        return request.said(holds=holds, summary=f"{when} is {word} the window '{text}'")


DEPLOYMENT_WINDOW = DeploymentWindow()
