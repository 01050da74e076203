"""Which calls ask for something: their records in the audit. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from cicd.backends.endpoint.call import CallRefused, fields_of
from cicd.backends.endpoint.lambda_calls import PREFIX
from cicd.observe.call import HIDDEN
from cicd.observe.call import Call as Control

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cicd.backends.endpoint.call import Answer, Call
    from cicd.event import JSON

_SERVICES: Final = {
    "CodeBuild_20161006": "codebuild",
    "CodePipeline_20150709": "codepipeline",
    "CodeDeploy_20141006": "codedeploy",
}
# An Invoke is none: to CloudTrail it is a data event, and the function's log has it.
_LAMBDA: Final = (
    ("POST", re.compile("/([^/]+)/versions"), "PublishVersion20150331"),
    ("POST", re.compile("/([^/]+)/aliases"), "CreateAlias20150331"),
    ("PUT", re.compile("/([^/]+)/aliases/([^/]+)"), "UpdateAlias20150331"),
    ("DELETE", re.compile("/([^/]+)/aliases/([^/]+)"), "DeleteAlias20150331"),
)
_LOOKING: Final = ("Get", "List", "BatchGet", "Describe", "PollFor")
_REFUSED: Final = 400
_SECRET: Final = frozenset(
    {
        *("token", "outputVariables", "continuationToken", "nonce", "password", "username"),
        *("OAuthToken", "SecretToken", "ClientSecret", "RefreshToken"),
    }
)


def control_call(call: Call, answer: Answer, *, at: datetime, user: str) -> Control | None:
    """
    Give the record of a call that was answered, without its secrets; None for one that looks.

    Source: CloudTrail User Guide, "CloudTrail record contents"; Lambda Developer Guide, "Logging
    Lambda API calls", for the names that end in a date.
    """
    found = _named(call)
    if found is None:
        return None
    service, name, request = found
    said = _fields(answer.body)
    refused = answer.status >= _REFUSED
    return Control(
        at=at,
        service=service,
        name=name,
        user=user,
        request=request,
        response=None if refused or not said else said,
        error=str(said.get("__type") or answer.status) if refused else "",
        message=str(said.get("message") or "") if refused else "",
        agent=call.headers.get("user-agent", ""),
    )


def _named(call: Call) -> tuple[str, str, dict[str, JSON]] | None:
    if call.path.startswith(PREFIX):
        for method, pattern, name in _LAMBDA:
            match = pattern.fullmatch(call.path.removeprefix(PREFIX))
            if match and method == call.method:
                parts = dict(zip(("functionName", "name"), match.groups(), strict=False))
                return "lambda", name, {**parts, **_without_secrets(call)}
        return None
    prefix, _, name = call.headers.get("x-amz-target", "").partition(".")
    if prefix not in _SERVICES or name.startswith(_LOOKING):
        return None
    return _SERVICES[prefix], name, _without_secrets(call)


def _without_secrets(call: Call) -> dict[str, JSON]:
    return {name: _shown(name, value) for name, value in _fields(call.body).items()}


def _shown(name: str, value: JSON) -> JSON:
    """Give a value as it may be kept: a secret may stand deep in a declaration."""
    if name in _SECRET:
        return _hidden(value)
    if isinstance(value, dict):
        return {key: _shown(key, each) for key, each in value.items()}
    return [_shown("", each) for each in value] if isinstance(value, list) else value


def _fields(body: bytes) -> Mapping[str, JSON]:
    try:
        return fields_of(body)
    except CallRefused:
        return {}


def _hidden(value: JSON) -> JSON:
    return dict.fromkeys(value, HIDDEN) if isinstance(value, dict) else HIDDEN
