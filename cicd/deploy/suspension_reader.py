"""``ec2DeploymentOptions`` of a group: which processes of its fleets rest while it is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.nearest import closest

if TYPE_CHECKING:
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

TERMINATE: Final = "Terminate"
PROCESSES: Final = (TERMINATE, "AZRebalance", "InstanceRefresh", "ScheduledActions")
"""What can be suspended; of these, fleets of this machine have the first."""
_REFUSED: Final = "InvalidAutoScalingGroupProcessToSuspendException"


def read_suspension(
    fields: Fields, problems: Problems, *, in_place: bool, has_fleets: bool
) -> tuple[str, ...]:
    """
    Read ``autoScalingGroupProcessesToSuspend``.

    Source: CodeDeploy API Reference, "EC2DeploymentOptions".
    """
    options = fields.mapping("ec2DeploymentOptions")
    if options is None:
        return ()
    key = "autoScalingGroupProcessesToSuspend"
    found = []
    for each in options.texts(key):
        if each.text in PROCESSES:
            found.append(each.text)
            continue
        near = closest(each.text, PROCESSES)
        problems.error(
            "deploy/suspended-process",
            f"'{each.text}' is not a process that a deployment may suspend",
            each.span,
            hint=f"did you mean '{near}'?" if near else f"there are {', '.join(PROCESSES)}",
            note=_REFUSED,
        )
    if found and not (in_place and has_fleets):
        problems.error(
            "deploy/suspended-process",
            "processes are suspended of Auto Scaling groups that are deployed to in place",
            options.span(key),
            hint="leave it out, or name 'autoScalingGroups' and deploy IN_PLACE",
            note=_REFUSED,
        )
    options.unknown()
    return tuple(dict.fromkeys(found))
