"""Servers that speak HTTP, asked by the standard library."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from cicd.errors import Unavailable, UsageError
from cicd.ports import HttpAnswer

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import HttpCall

_MOST = 16 << 20  # bytes of an answer that is kept in memory
_REFUSED = 300  # the first status that is none of success


def call_http(call: HttpCall, into: Path | None = None) -> HttpAnswer:
    """Ask once; the ``HttpClient`` of this machine."""
    from cicd.backends.http_open import answer_to

    if not call.url.startswith(("http://", "https://")):
        raise UsageError(f"'{call.url}' is no address of http or https")
    server = _server(call.url)
    try:
        with answer_to(call) as (answer, within):
            status = answer.status or 0
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if into is None or status >= _REFUSED:
                return HttpAnswer(status=status, headers=headers, body=answer.read(_MOST))
            within.enough()  # what goes into a file may be large
            with into.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
            return HttpAnswer(status=status, headers=headers)
    except Unavailable as problem:
        raise Unavailable(
            f"{server} does not answer: {problem.message}",
            hint="is it running, and is its URL right?",
        ) from None


def _server(url: str) -> str:
    """Give a URL's host, and its port if it has one; nothing else, as that may be a password."""
    return url.partition("://")[2].partition("/")[0].rpartition("@")[2] or url
