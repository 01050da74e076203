"""Branches of a machine side by side, each in its turn. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.states.ending import Done, Ending, Failed, InvokeFunction, Waiting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from cicd.event import JSON


def side_by_side(
    branches: Sequence[Callable[[datetime], Ending]], at: datetime, most: int
) -> Ending:
    """
    Walk branches, ``most`` at once; the first one that fails ends all of them.

    A branch that had to wait for its turn begins when the earliest of those before it ended.
    """
    free = [at] * most
    outputs: list[JSON] = []
    failed: list[Failed] = []
    commands: list[InvokeFunction] = []
    moments: list[datetime] = []
    busy, last = 0, at
    for branch in branches:
        if busy >= most:
            break
        free.sort()
        ended = branch(free[0])
        match ended:
            case Done(output=output):
                outputs.append(output)
                free[0] = ended.at
                last = max(last, ended.at)
            case Failed():
                failed.append(ended)
                free[0] = ended.at
            case Waiting():
                free.pop(0)
                busy += 1
                commands += ended.commands
                moments += [ended.until] if ended.until is not None else []
    if failed:
        return min(failed, key=lambda each: each.at)
    if busy:
        return Waiting(commands=tuple(commands), until=min(moments, default=None))
    return Done(at=last, output=outputs)
