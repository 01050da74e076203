"""Who gets a request: a member of a group, another one when it fails, or nobody in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from cicd.backends.proxy.balance import Group, Member
    from cicd.backends.proxy.table import Table
    from cicd.ports import Endpoint

SENDS: Final = 4  # a request is sent to that many backends at most
_PATIENCE: Final = 1.0  # seconds that a request waits for somebody who can take it


class Search:
    """The choice of a backend for one request, again and again."""

    __slots__ = ("_alone_since", "_tried", "group", "sends")

    def __init__(self) -> None:
        """Have tried nobody."""
        self.group: Group | None = None  # of the last choice
        self.sends = 0
        self._tried: set[Endpoint] = set()
        self._alone_since: float | None = None  # everybody had been tried

    @property
    def is_over(self) -> bool:
        """Whether it was sent to as many as it may be."""
        return self.sends >= SENDS

    def choose(self, table: Table, route: str) -> Member | None:
        """Say who is next; None: everybody was tried. A request that waits may go to anybody."""
        waits = self._alone_since is not None
        found = table.choose(
            route, () if waits else self._tried, self.group, open_to_all=not waits
        )
        if found is None:
            return None
        self.group, member = found
        return member

    def failed(self, member: Member) -> None:
        """Note who could not take it."""
        self._tried.add(member.endpoint)

    def given_up(self, now: float) -> int | None:
        """
        Give the status that it fails with, as nobody is left who can take it; None: look again.

        A version that dies has had its weight: until the deployment gives it to the other one,
        the request is better held than failed, for a second at most.
        """
        if not self._tried:
            return 503
        if self._alone_since is None:
            self._alone_since = now
        return 502 if now >= self._alone_since + _PATIENCE or self.is_over else None
