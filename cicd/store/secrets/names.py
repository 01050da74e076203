"""What the two services refuse of names and values. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.errors import UsageError

if TYPE_CHECKING:
    from cicd.store.secrets.content import ParameterType

SECRET_LIMIT = 65536  # bytes
PARAMETER_LIMIT = 8192  # bytes, of the advanced tier
_LEVELS = 15


def check_secret(name: str, value: str) -> None:
    """
    Raise ``UsageError`` for a name or a value that Secrets Manager would refuse.

    Source: Secrets Manager API Reference, "CreateSecret".
    """
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", name):
        raise UsageError(
            f"'{name}' cannot be the name of a secret",
            hint="use letters, digits and /_+=.@-, at most 512",
        )
    _check_value(f"secret '{name}'", value, SECRET_LIMIT)


def check_parameter(name: str) -> None:
    """
    Raise ``UsageError`` for a name that Parameter Store would refuse.

    Source: Systems Manager API Reference, "PutParameter".
    """
    rule = ""
    if not re.fullmatch(r"[A-Za-z0-9_.\-/]{1,1011}", name):
        rule = "use letters, digits and _.-/, at most 1011"
    elif "/" in name and not name.startswith("/"):
        rule = f"a name with a path begins with a slash: /{name}"
    elif "//" in name or (name.endswith("/")):
        rule = "between two slashes, and after the last one, stands a name"
    elif name.count("/") > _LEVELS:
        rule = f"a path has at most {_LEVELS} levels"
    elif re.match(r"/?(aws|ssm)", name, re.IGNORECASE):
        rule = "names that begin with 'aws' or 'ssm' are the service's own"
    if rule:
        raise UsageError(f"'{name}' cannot be the name of a parameter", hint=rule)


def check_parameter_value(name: str, value: str, type_: ParameterType) -> None:
    """Raise ``UsageError`` for a value that Parameter Store would refuse."""
    _check_value(f"parameter '{name}'", value, PARAMETER_LIMIT)
    if type_ == "StringList" and "" in value.split(","):
        raise UsageError(
            f"parameter '{name}' is a StringList with an empty element",
            hint="write the elements with one comma between two, such as a,b,c",
        )


def _check_value(what: str, value: str, limit: int) -> None:
    if not value:
        raise UsageError(f"{what} would have no value", hint="give at least one character")
    if "\0" in value:
        raise UsageError(
            f"{what} would hold a NUL character",
            hint="no environment variable can hold that; encode the value, in base64 say",
        )
    size = len(value.encode(errors="surrogatepass"))
    if size > limit:
        raise UsageError(
            f"{what} would have {size} bytes", hint=f"a value has at most {limit} bytes"
        )
