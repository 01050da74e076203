"""Manual approvals, asked at the terminal of the run that waits for them."""

from __future__ import annotations

import os
import select
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from cicd.backends.user_name import user_name
from cicd.errors import UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.cli.invocation import Invocation
    from cicd.ports import Services

_GLANCE: Final = 0.2  # seconds between two looks
_YES: Final = frozenset({"y", "yes", "approve"})
_NO: Final = frozenset({"n", "no", "reject"})
_LINE_UP: Final = b"\x1b[A"  # undoes what the Enter key did to the live view


@contextmanager
def approvals_here(invocation: Invocation, services: Services, stream: str) -> Iterator[None]:
    """
    Ask whoever sits here, while inside, about the approvals that an execution waits for.

    Another terminal may answer all the same: the first answer counts. Nobody is asked where
    input or output is no terminal.
    """
    if invocation.wants_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        yield
        return
    over = threading.Event()
    asker = threading.Thread(target=_ask, args=(invocation, services, stream, over), daemon=True)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()


def _ask(invocation: Invocation, services: Services, stream: str, over: threading.Event) -> None:
    from cicd.pipeline.approval import Approvals, put_approval_result

    approvals, asked = Approvals(stream, services), ""
    live = invocation.settings().output != "plain"
    while not over.is_set():
        waiting = approvals.waiting()
        if not waiting:
            over.wait(_GLANCE)
            continue
        approval = waiting[0]
        if approval.token != asked:
            asked = approval.token
            invocation.show.text(
                f"{approval.action.key}: type yes or no, and why if you like", Level.WARNING
            )
        if not select.select([sys.stdin], [], [], _GLANCE)[0]:
            continue
        line = sys.stdin.readline()
        if not line:  # the end of input: the answer comes from elsewhere
            return
        if live:
            os.write(sys.stdin.fileno(), _LINE_UP)  # the live view keeps sys.stdout to itself
        word, _, summary = line.strip().partition(" ")
        word = word.lower().rstrip(":,")
        if word not in _YES | _NO:
            invocation.show.text("yes or no?", Level.WARNING)
            continue
        try:
            put_approval_result(
                stream,
                services,
                approval=approval,
                approved=word in _YES,
                summary=summary.strip(),
                by=user_name(),
            )
        except UsageError as refusal:  # somebody else was quicker, or the summary is too long
            invocation.show.text(refusal.message, Level.WARNING)
            continue
        invocation.called(
            "pipeline approve" if word in _YES else "pipeline reject",
            stageName=approval.action.stage,
            actionName=approval.action.name,
            pipelineExecutionId=stream.partition("/")[2],
            **({"summary": summary.strip()} if summary.strip() else {}),
        )
