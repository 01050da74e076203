"""Health checks: each target is asked now and then whether it would have requests."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from cicd.backends.proxy.balance import MemberState

if TYPE_CHECKING:
    from cicd.backends.proxy.balance import Group, Member
    from cicd.ports import HealthCheck

_STATUS: Final = re.compile(rb"HTTP/1\.[01] ([0-9]{3})")
_EAGER: Final = 0.1  # seconds between checks of a target that is not healthy


async def watch(group: Group, member: Member, check: HealthCheck) -> None:
    """Check one target until it is deregistered: now and then, and whenever it is in doubt."""
    doubt = asyncio.Event()
    member.on_doubt = doubt.set
    while group.members.get(member.endpoint) is member:
        doubted = doubt.is_set()
        doubt.clear()
        if member.state is not MemberState.DRAINING:
            judge(member, check, await probe(member, check), doubted=doubted)
        calm = member.state is MemberState.HEALTHY
        with suppress(TimeoutError):
            async with asyncio.timeout(check.interval.total_seconds() if calm else _EAGER):
                await doubt.wait()


def judge(member: Member, check: HealthCheck, seen: str, *, doubted: bool = False) -> None:
    """
    Draw the conclusion from one check; a target that drains is past it. Pure.

    ``seen`` is what was wrong, "" for nothing. One failure is enough where a request, or a kept
    connection, has failed before.
    """
    if member.state is MemberState.DRAINING:
        return
    member.seen = seen
    if not seen:
        member.state, member.failures = MemberState.HEALTHY, 0
        return
    member.failures += 1
    enough = doubted or member.failures >= check.unhealthy_threshold
    if member.state is MemberState.HEALTHY and enough:
        member.state = MemberState.UNHEALTHY


async def probe(member: Member, check: HealthCheck) -> str:
    """Ask once; gives what was wrong, or ""."""
    within = check.timeout.total_seconds()
    try:
        async with asyncio.timeout(within):
            reader, writer = await asyncio.open_connection(
                member.endpoint.host, member.endpoint.port
            )
            try:
                if not check.path:
                    return ""
                writer.write(
                    f"GET {check.path} HTTP/1.1\r\nHost: {member.endpoint}\r\n"
                    "User-Agent: cicd-health-checker\r\nConnection: close\r\n\r\n".encode()
                )
                found = _STATUS.match(await reader.readline())
            finally:
                writer.transport.abort()
    except TimeoutError:
        return f"no answer to the health check within {within:g} s"
    except ConnectionRefusedError:
        return "nobody listens: the connection is refused"
    except (OSError, ValueError):
        return "the connection breaks"
    if found is None:
        return "no answer in HTTP to the health check"
    if check.lowest <= int(found[1]) <= check.highest:
        return ""
    return f"GET {check.path} is answered with {int(found[1])}"
