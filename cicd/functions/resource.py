"""``AWS::Lambda::Function`` of a template → a configuration, and where its code is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from cicd.functions.function import FunctionConfiguration
from cicd.functions.refusal import invalid
from cicd.record import dataclass

if TYPE_CHECKING:
    from cicd.event import JSON

MEANT: Final = frozenset(
    {"FunctionName", "Runtime", "Handler", "Code", "Environment", "Timeout", "MemorySize"}
    | {"Description", "PackageType"}
)
"""The properties that mean something here; the others have no effect."""
_INLINE_FILES: Final = {"python": "index.py", "nodejs": "index.js"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePlace:
    """Where code is: a text that becomes ``file``, or an object of a bucket."""

    file: str = ""
    text: str = ""
    bucket: str = ""
    key: str = ""


def configuration_of(properties: Mapping[str, JSON]) -> FunctionConfiguration:
    """
    Read a function's configuration; raises ``FunctionRefused`` for what cannot be read.

    Source: CloudFormation Template Reference, "AWS::Lambda::Function".
    """
    if properties.get("PackageType", "Zip") != "Zip":
        raise invalid(
            "a function of an image is not made here", "give it a 'Runtime', and code as a zip"
        )
    usual = FunctionConfiguration(runtime="", handler="")
    environment = properties.get("Environment") or {}
    variables = environment.get("Variables") if isinstance(environment, Mapping) else None
    return FunctionConfiguration(
        runtime=_text(properties, "Runtime"),
        handler=_text(properties, "Handler"),
        environment={
            name: value if isinstance(value, str) else _plain(value)
            for name, value in (variables.items() if isinstance(variables, Mapping) else ())
        },
        timeout=_number(properties, "Timeout", usual.timeout),
        memory_size=_number(properties, "MemorySize", usual.memory_size),
        description=str(properties.get("Description") or ""),
    )


def code_place(properties: Mapping[str, JSON]) -> CodePlace:
    """
    Say where a function's code is; raises ``FunctionRefused`` where nothing says so.

    Source: CloudFormation Template Reference, "AWS::Lambda::Function Code": ZipFile is a file
    "index" of the runtime's language.
    """
    code = properties.get("Code")
    if not isinstance(code, Mapping):
        raise invalid("the function has no 'Code'", "write 'Code: {ZipFile: …}'")
    text = code.get("ZipFile")
    if isinstance(text, str):
        runtime = _text(properties, "Runtime")
        for language, file in _INLINE_FILES.items():
            if runtime.startswith(language):
                return CodePlace(file=file, text=text)
        raise invalid(f"'ZipFile' is for Python and Node.js, not for '{runtime}'")
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if isinstance(bucket, str) and isinstance(key, str):
        return CodePlace(bucket=bucket, key=key)
    raise invalid(
        "the function's 'Code' has neither 'ZipFile' nor 'S3Bucket' and 'S3Key'",
        "images and layers are not run here",
    )


def _text(properties: Mapping[str, JSON], name: str) -> str:
    value = properties.get(name)
    if not isinstance(value, str) or not value:
        raise invalid(f"the function has no '{name}'", f"write '{name}: …'")
    return value


def _number(properties: Mapping[str, JSON], name: str, usual: int) -> int:
    value = properties.get(name)
    if value is None:
        return usual
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal():
        raise invalid(f"'{name}' must be a whole number, not '{text}'")
    return int(text)


def _plain(value: JSON) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
