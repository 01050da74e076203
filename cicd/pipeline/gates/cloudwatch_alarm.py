"""CloudWatchAlarm: an alarm of this machine (``local: alarms:`` of ``cicd.yml``)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.condition import RuleResult
    from cicd.pipeline.gates.provider import RuleRequest
    from cicd.ports import Services


class CloudWatchAlarm:
    """Looks at an alarm until it is in one of the wanted states, or the time is over."""

    def ask(
        self, request: RuleRequest, services: Services, scope: Scope, *, again: bool
    ) -> RuleResult:
        """
        See ``RuleProvider``: an alarm that is OK at the first look is enough.

        Source: CodePipeline User Guide, "CloudWatchAlarm".
        """
        from cicd.deploy.alarms.alarm import AlarmState
        from cicd.deploy.alarms.reader import read_alarms
        from cicd.deploy.alarms.watch import wait_for_state
        from cicd.document.problem import Problems
        from cicd.nearest import closest
        from cicd.pipeline.resources_of import resources_of

        del again
        name = request.configuration.get("AlarmName", "")
        problems = Problems()
        known = read_alarms(resources_of(request.plan), problems)
        problems.raise_errors()
        if name not in known:
            near = closest(name, known)
            more = f"did you mean '{near}'?" if near else "describe it under 'local: alarms:'"
            return request.misconfigured(f"cicd.yml has no alarm '{name}'; {more}")
        text = request.configuration.get("AlarmStates") or AlarmState.OK
        states = [word.strip() for word in text.split(",")]
        minutes = request.configuration.get("WaitTime") or "0"
        for state in states:
            if state not in tuple(AlarmState):
                return request.misconfigured(f"AlarmStates: '{state}' is not a state of an alarm")
        if not minutes.isdecimal():
            return request.misconfigured(f"WaitTime: '{minutes}' is not a number of minutes")
        stands = wait_for_state(
            known[name],
            frozenset(map(AlarmState, states)),
            services.clock.now() + timedelta(minutes=int(minutes)),
            services,
            scope.cancel,
        )
        holds = stands.state in states or stands.state is AlarmState.OK
        waited = "" if holds or minutes == "0" else f" after {minutes} min"
        return request.said(
            holds=holds, summary=f"the alarm {name} is {stands.state}{waited}: {stands.reason}"
        )


CLOUDWATCH_ALARM = CloudWatchAlarm()
