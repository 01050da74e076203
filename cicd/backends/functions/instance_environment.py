"""What the process of a function finds in its environment. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.account import REGION
from cicd.functions.function import LATEST, log_group

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import FunctionCall

_NOBODY: Final = "local"  # SDKs ask for credentials, and nothing here looks at them


def instance_environment(
    call: FunctionCall, *, code: Path, private: Path, path: str, endpoint: str, log_stream: str
) -> dict[str, str]:
    """
    Give all of it: nothing of our own environment but ``path`` is handed on.

    ``endpoint`` is where SDKs find Lambda, CodeDeploy and CodePipeline of this machine.

    Source: Lambda Developer Guide, "Defined runtime environment variables".
    """
    return {
        "_HANDLER": call.handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{call.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": call.function_name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(call.memory_size),
        "AWS_LAMBDA_FUNCTION_VERSION": call.version,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group(call.function_name),
        "AWS_LAMBDA_LOG_STREAM_NAME": log_stream,
        "AWS_ACCESS_KEY_ID": _NOBODY,
        "AWS_SECRET_ACCESS_KEY": _NOBODY,
        "AWS_SESSION_TOKEN": _NOBODY,
        "AWS_ENDPOINT_URL": endpoint,
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": path,
        "HOME": str(private),
        "TMPDIR": str(private),
        "PYTHONDONTWRITEBYTECODE": "1",  # the code is everybody's: nothing is added to it
        "PYTHONIOENCODING": "utf-8",
        "NODE_PATH": f"{code}/node_modules",
        **call.environment,
    }


def log_stream_name(day: str, call: FunctionCall, instance: str) -> str:
    """Name an instance's log stream as the service does: day, version, and the instance."""
    version = LATEST if call.version == LATEST else call.version
    return f"{day}/[{version}]{instance}"
