"""An event of an execution → the event that EventBridge would carry. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from cicd.account import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON, Event
    from cicd.ports import Described


def envelope(stream: str, event: Event, said: Described) -> Mapping[str, JSON] | None:
    """
    Give the whole event; ``None`` for what no service tells.

    Its ``id`` is made of what it says: whoever makes it again, from the log, makes the same one.

    Source: EventBridge User Guide, "AWS service event metadata".
    """
    if not said.detail:
        return None
    written = said.detail if "detail-type" in said.detail else _of_a_build(said.detail)
    detail = written["detail"]
    assert isinstance(detail, dict), "made by the describe of its room"
    region = str(detail.get("region") or _region(written))
    text = json.dumps(detail, sort_keys=True, default=dict)
    named = f"{stream}/{event.at.isoformat()}/{event.key}/{written['detail-type']}/{text}"
    return {
        "version": "0",
        "id": str(uuid5(NAMESPACE_URL, named)),
        "detail-type": written["detail-type"],
        "source": written["source"],
        "account": ACCOUNT,
        "time": event.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": written.get("resources", _resources(detail, region)),
        "detail": detail,
    }


def _of_a_build(detail: Mapping[str, JSON]) -> Mapping[str, JSON]:
    kind = "Phase" if "completed-phase" in detail else "State"
    return {
        "source": "aws.codebuild",
        "detail-type": f"CodeBuild Build {kind} Change",
        "resources": [detail["build-id"]],
        "detail": json.loads(json.dumps(detail, default=dict)),
    }


def _region(written: Mapping[str, JSON]) -> str:
    resources = written.get("resources")
    arn = str(resources[0]) if isinstance(resources, list) and resources else ""
    return next(iter(arn.split(":")[3:4]), "") or REGION


def _resources(detail: Mapping[str, JSON], region: str) -> JSON:
    """Source: CodeDeploy User Guide, "Monitoring deployments with CloudWatch Events"."""
    start = f"arn:aws:codedeploy:{region}:{ACCOUNT}"
    application = detail.get("application")
    return [
        f"{start}:deploymentgroup:{application}/{detail.get('deploymentGroup')}",
        f"{start}:application:{application}",
    ]
