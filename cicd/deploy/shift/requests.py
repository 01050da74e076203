"""The requests of a shift, whatever they are logged by: a load balancer, or a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from cicd.deploy.shift.plan import PRODUCTION
from cicd.functions.invocations import InvocationLog
from cicd.functions.refusal import FunctionRefused
from cicd.functions.run import Functions
from cicd.ports import Answered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cicd.deploy.shift.plan import ShiftPlan
    from cicd.ports import RouterSpec, Services

_WELL: Final = 200
_ILL: Final = 500


class Requests(Protocol):
    """Requests that two versions answered; each is in the group of one of them."""

    def answered(self, since: datetime) -> Sequence[Answered]:
        """
        Give those that were answered since a moment of the machine's time, the oldest first.

        Raises ``Unavailable`` where whoever logs them cannot be asked.
        """

    def weight(self, group: str) -> int:
        """Give the per cent that a group has now; raises ``Unavailable`` like ``answered``."""


class RouterRequests:
    """The requests of one route of a load balancer."""

    def __init__(self, router: RouterSpec, route: str, services: Services) -> None:
        """Ask it for nothing yet."""
        self._spec = router
        self._route = route
        self._services = services

    def answered(self, since: datetime) -> Sequence[Answered]:
        """Give what its log has."""
        return self._services.router(self._spec).answered(self._route, since)

    def weight(self, group: str) -> int:
        """Give what it was told last."""
        return self._services.router(self._spec).weights(self._route).get(group, 0)


class AliasRequests:
    """
    The invocations of one alias; each version is a group of its own.

    An invocation that ended in an error, of whatever kind, is answered with 500, any other with
    200. What was invoked by a version's number is no request of the alias.
    """

    def __init__(self, name: str, alias: str, services: Services) -> None:
        """Read nothing yet."""
        self._name = name
        self._alias = alias
        self._functions = Functions(services)
        self._log = InvocationLog(name, services.logs)

    def answered(self, since: datetime) -> Sequence[Answered]:
        """Give what was written down of them."""
        return [
            Answered(
                at=each.at,
                group=each.version,
                status=_ILL if each.failed else _WELL,
                seconds=each.seconds,
            )
            for each in self._log.since(since)
            if each.qualifier == self._alias
        ]

    def weight(self, group: str) -> int:
        """Give what the alias says; one that has gone leads nowhere."""
        try:
            alias = self._functions.find(self._name).alias(self._alias)
        except FunctionRefused:
            return 0
        shares = {version: round(share * 100) for version, share in alias.additional.items()}
        shares[alias.function_version] = 100 - sum(shares.values())
        return shares.get(group, 0)


def requests_of(shift: ShiftPlan, services: Services) -> Requests:
    """Give the requests that a shift is of: its production listener's, or its alias's."""
    if shift.service is not None:
        return RouterRequests(shift.service.router, PRODUCTION, services)
    assert shift.function is not None
    return AliasRequests(shift.function.name, shift.function.alias, services)


def versions_of(shift: ShiftPlan) -> tuple[str, str]:
    """Give the groups of the old version and the new; the old is "" where there is none."""
    if shift.service is not None:
        original = shift.service.original
        old = original.target_group if original.id else ""
        return old, shift.service.replacement.target_group
    assert shift.function is not None
    return shift.function.current_version, shift.function.target_version
