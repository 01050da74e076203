"""What a provider is asked, and what it must answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import NAMESPACE_URL, uuid5

from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.plan import ActionPlan, PipelinePlan
from cicd.pipeline.result import StoredArtifact
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.result import ActionResult
    from cicd.ports import ExecutionRecord, Services


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """One action whose turn has come."""

    plan: PipelinePlan
    action: ActionPlan  # with the id of this attempt
    configuration: Mapping[str, str]  # every `#{…}` replaced
    inputs: tuple[StoredArtifact, ...]  # as declared; none is missing
    workspace: Path  # this action's own directory; empty, removed when the action has ended
    parent: str  # what a child execution is to name as its parent
    say: Callable[[str], None]  # a line into the execution's log
    resolve: Callable[[str], str] = str  # replaces every `#{…}` of a text; raises ``Unresolved``

    @property
    def bucket(self) -> str:
        """The artifact store of the action's Region, which its inputs are in."""
        return self.plan.bucket_in(self.action.region)


class Asked(Protocol):
    """Whatever was asked for something that may have begun a child execution."""

    @property
    def parent(self) -> str:
        """What the child names as its parent."""


class ActionProvider(Protocol):
    """
    One action type's work.

    Called on worker threads. A ``CicdError`` out of it fails the action with its message.
    Once ``scope.cancel`` is set it ends what it began and returns; what it returns then
    does not matter, as the action is Abandoned.
    """

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Do it, and return when it is over, or waits for an approval."""

    def recover(
        self, request: ActionRequest, services: Services, scope: Scope
    ) -> ActionResult | None:
        """
        Go on with what a dead driver began; the workspace is as it left it.

        None: nothing was begun, or all of it is to be done again; ``run`` is called, then.
        """


def carry_out(
    provider: ActionProvider,
    request: ActionRequest,
    services: Services,
    scope: Scope,
    *,
    again: bool,
) -> ActionResult:
    """Have a provider act, in an empty workspace unless it goes on with what was begun."""
    recovered = provider.recover(request, services, scope) if again else None
    if recovered is not None:
        return recovered
    clear(request.workspace)
    return provider.run(request, services, scope)


def find_child(request: Asked, services: Services, kind: str) -> ExecutionRecord | None:
    """Find the newest execution of ``kind`` that this action began before."""
    for record in services.executions.list(kind=kind):
        if record.parent == request.parent:
            return record
    return None


def child_uuid(request: Asked) -> str:
    """
    Name the child execution of this action: always alike.

    So a child whose beginning was cut short, between a deployment and its turn in its group, say,
    is begun to its end by whoever asks again, and stands in nobody's way.
    """
    return str(uuid5(NAMESPACE_URL, request.parent))
