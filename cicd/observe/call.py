"""A control call, as CloudTrail would record it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Final

from cicd.account import ACCOUNT, REGION
from cicd.errors import CicdError, UsageError
from cicd.event import JSON
from cicd.record import dataclass

HIDDEN = "****"
"""What stands where a value could be a secret."""

_CODE: Final = re.compile(r"\b[A-Z][A-Za-z]+Exception\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody asked for something. ``error``: it was refused, with this code."""

    at: datetime
    service: str  # "codepipeline"
    name: str  # "StartPipelineExecution"
    user: str
    request: Mapping[str, JSON] = field(default_factory=dict)  # no secrets
    response: Mapping[str, JSON] | None = None
    error: str = ""
    message: str = ""
    agent: str = "cicd"


def record(call: Call, *, request_id: str, event_id: str) -> dict[str, JSON]:
    """
    Give the record of a call.

    Source: CloudTrail User Guide, "CloudTrail record contents".
    """
    arn = f"arn:aws:iam::{ACCOUNT}:user/{call.user}"
    return {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "arn": arn,
            "accountId": ACCOUNT,
            "userName": call.user,
        },
        "eventTime": call.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{call.service}.amazonaws.com",
        "eventName": call.name,
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": call.agent,
        **({"errorCode": call.error, "errorMessage": call.message} if call.error else {}),
        "requestParameters": dict(call.request),
        "responseElements": None if call.response is None else dict(call.response),
        "requestID": request_id,
        "eventID": event_id,
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def error_code(problem: CicdError) -> str:
    """Give a refusal the name that the service has for it: its words have it, if it has one."""
    found = _CODE.search(f"{problem.message} {problem.hint or ''}")
    if found is not None:
        return found[0]
    return "ValidationException" if isinstance(problem, UsageError) else type(problem).__name__
