"""What ``--event`` names, filled in with what git knows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.build.webhook import EventType, WebhookEvent
from cicd.errors import UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.request import BuildRequest
    from cicd.cli.show import Presenter
    from cicd.repos.git import Repository

FORMS = "push[:REF], pull_request[:BASE] or a name such as pull_request_merged[:BASE]"


def for_event(request: BuildRequest, typed: str, show: Presenter) -> BuildRequest | None:
    """
    Give the request that a webhook would make of one; None, and words, if it would make none.

    Raises ``UsageError`` as ``read_event`` does.
    """
    event = read_event(typed, request.source)
    webhook = request.project.webhook
    reasons = webhook.why_not(event) if webhook is not None else ()
    if reasons:
        what = event.type.value.lower().replace("_", " ")
        show.notice(f"this {what} would not start the build: {'; '.join(reasons)}", Level.WARNING)
        show.result({"started": False, "reasons": list(reasons)})
        return None
    if webhook is not None and webhook.build_type not in {"BUILD", "BUILD_BATCH"}:
        show.notice(f"the webhook starts a {webhook.build_type}; this is a BUILD", Level.WARNING)
    version = event.trigger if event.base_ref else request.source_version
    return replace(request, webhook=event.variables(), source_version=version)


def read_event(typed: str, directory: Path) -> WebhookEvent:
    """
    Give the event that a user names, as the repository around ``directory`` knows it.

    A push is one of ``HEAD`` to REF, or to the branch that is checked out, and its first parent
    was there before. A pull request goes from the branch that is checked out to BASE, and BASE
    may end in its number: ``main#25``.

    Raises:
        UsageError: No such event, no repository, or nothing that could be a branch of it.
    """
    from cicd.repos.find import open_repository

    kind, _, ref = typed.partition(":")
    name = kind.strip().upper().replace("-", "_")
    name = EventType.PULL_REQUEST_CREATED if name == "PULL_REQUEST" else name
    if name not in list(EventType):
        from cicd.nearest import closest

        near = closest(kind.lower(), (event.lower() for event in EventType))
        raise UsageError(
            f"there is no event '{kind}'",
            hint=f"did you mean '{near}'?" if near else f"write {FORMS}",
        )
    repository = open_repository(directory)
    head = repository.describe()
    if name == EventType.PUSH:
        before = repository.parent(head.id)
        return WebhookEvent(
            type=EventType.PUSH,
            head_ref=_ref(repository, ref or head.branch),
            previous_commit=before,
            files=repository.changed(before, head.id),
            message=head.message,
        )
    base, _, number = (ref or repository.default_branch()).partition("#")
    return WebhookEvent(
        type=EventType(name),
        head_ref=_ref(repository, head.branch),
        base_ref=_ref(repository, base),
        number=int(number) if number.isdecimal() else 1,
        files=repository.changed(repository.fork(base, head.id), head.id),
        message=head.message,
    )


def _ref(repository: Repository, name: str) -> str:
    if not name:
        raise UsageError(
            f"no branch is checked out in {repository.root}",
            hint="check one out, or name it: --event push:main",
        )
    if name.startswith("refs/"):
        return name
    return f"refs/{'tags' if repository.is_tag(name) else 'heads'}/{name}"
