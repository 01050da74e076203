"""One call of a service's API: what was asked, what is answered, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cicd.backends.endpoint.drives import Drives
from cicd.errors import CicdError
from cicd.functions.refusal import invalid
from cicd.functions.run import Functions
from cicd.pipeline.compile import Start
from cicd.ports import Services
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.event import JSON

    Operation: TypeAlias = Callable[["Served", Mapping[str, JSON]], JSON]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of HTTP, its path split from its query."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # by lower-case name
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response of HTTP."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What calls work with."""

    services: Services
    functions: Functions
    drives: Drives
    user: str = ""  # who runs the endpoint: only they, and root, are heard
    directory: Path  # whose pipelines are known
    start: Start = field(default_factory=Start)  # how what is started here is run


class CallRefused(CicdError):
    """A call that a service refuses, with its exception's name."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        """Take the exception's name and message, as AWS spells them."""
        super().__init__(message)
        self.code = code
        self.status = status


def as_json(value: JSON, status: int = 200) -> Answer:
    """Make an answer of JSON."""
    return Answer(
        status=status,
        body=json.dumps(value).encode(),
        headers={"Content-Type": "application/json"},
    )


def fields_of(body: bytes) -> Mapping[str, JSON]:
    """Read a body that is to be a JSON object; empty is an empty one."""
    if not body.strip():
        return {}
    try:
        found = json.loads(body)
        # An escape may name half of a character, which nothing here could write down.
        if b"\\u" in body:
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CallRefused("SerializationException", "the body is not a JSON object")
    return found


def text(fields: Mapping[str, JSON], name: str) -> str:
    """Give a field that must be there, as text."""
    value = fields.get(name)
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise invalid(f"'{name}' must be given, as text")
    return str(value)


def texts(fields: Mapping[str, JSON], name: str, *, most: int) -> list[str]:
    """Give a list of texts that must be there, with 1 to ``most`` of them."""
    value = fields.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise invalid(f"'{name}' must be a list of 1 to {most}")
    return [str(each) for each in value]
