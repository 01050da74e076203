"""What functions, aliases, runtimes and handlers may be called, and what values may be. Pure."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from cicd.functions.refusal import FunctionRefused, invalid

if TYPE_CHECKING:
    from cicd.functions.function import FunctionConfiguration

_NAME: Final = re.compile(r"[a-zA-Z0-9-_]{1,64}")
_ALIAS: Final = re.compile(r"(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}")
_ARN: Final = re.compile(
    r"(?:arn:[a-z-]+:lambda:[a-z0-9-]*:\d{12}:function:|\d{12}:function:|function:)?"
    r"([a-zA-Z0-9-_]{1,140})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?"
)
_RUNTIME: Final = re.compile(r"python3\.\d{1,2}|nodejs\d{2}\.x")
_HANDLER: Final = re.compile(r"[^\s]{1,128}")
_VARIABLE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_RESERVED: Final = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
_ENVIRONMENT_BYTES: Final = 4096

SYNCHRONOUS_BYTES: Final = 6_291_456
"""What a payload may weigh, asked or answered. Source: Lambda Developer Guide, "Quotas"."""
ASYNCHRONOUS_BYTES: Final = 1_048_576


def check_name(name: str) -> None:
    """Refuse a name that no function can have."""
    if not _NAME.fullmatch(name):
        raise invalid(
            f"'{name}' cannot be a function's name",
            "up to 64 letters, digits, hyphens and underscores",
        )


def check_alias(name: str) -> None:
    """Refuse a name that no alias can have: one of digits alone is a version."""
    if not _ALIAS.fullmatch(name):
        raise invalid(
            f"'{name}' cannot be an alias's name",
            "up to 128 letters, digits, hyphens and underscores, not digits alone",
        )


def split(wanted: str) -> tuple[str, str]:
    """Split a name, partial or full ARN into (name, qualifier or "")."""
    match = _ARN.fullmatch(wanted)
    if not match:
        raise invalid(f"'{wanted}' is no name or ARN of a function")
    return match[1], match[2] or ""


def check_configuration(held: FunctionConfiguration) -> None:
    """Refuse what CreateFunction refuses; raises ``FunctionRefused`` for the first thing."""
    if not _RUNTIME.fullmatch(held.runtime):
        raise invalid(
            f"the runtime '{held.runtime}' does not run here",
            "write python3.N or nodejsNN.x, such as python3.11 or nodejs20.x",
        )
    if not _HANDLER.fullmatch(held.handler):
        raise invalid(f"'{held.handler}' cannot be a handler", "write module.function")
    if not 1 <= held.timeout <= 900:
        raise invalid(f"a timeout of {held.timeout} s is not between 1 and 900")
    if not 128 <= held.memory_size <= 10240:
        raise invalid(f"{held.memory_size} MB of memory are not between 128 and 10240")
    for key in held.environment:
        if key in _RESERVED:
            raise invalid(
                "Lambda was unable to configure your environment variables because the "
                "environment variables you have provided contains reserved keys that are "
                "currently not supported for modification. Reserved keys used in this request: "
                f"{key}"
            )
        if not _VARIABLE.fullmatch(key):
            raise invalid(
                f"'{key}' cannot be an environment variable of a function",
                "a letter, then letters, digits and underscores; two characters at least",
            )
    size = len(json.dumps(dict(held.environment), separators=(",", ":")).encode())
    if size > _ENVIRONMENT_BYTES:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment "
            f"variables you have provided exceeded the 4KB limit: {size} bytes"
        )


def check_payload(payload: bytes, *, asynchronous: bool = False) -> bytes:
    """Give the event that is sent for ``payload``; refuse what is too large, or no JSON."""
    limit = ASYNCHRONOUS_BYTES if asynchronous else SYNCHRONOUS_BYTES
    if len(payload) > limit:
        raise FunctionRefused(
            "RequestTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
        )
    if not payload.strip():
        return b"{}"
    try:
        json.loads(payload)
    except (ValueError, RecursionError) as wrong:
        raise FunctionRefused(
            "InvalidRequestContentException", f"Could not parse request body into json: {wrong}"
        ) from None
    return payload
