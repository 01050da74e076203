"""Servers that speak HTTP, asked by the standard library."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cicd.errors import Unavailable, UsageError
from cicd.ports import HttpAnswer

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import HttpCall

_MOST = 16 << 20  # bytes of an answer that is kept in memory


def call_http(call: HttpCall, into: Path | None = None) -> HttpAnswer:
    """Ask once; the ``HttpClient`` of this machine."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    parts = urlsplit(call.url)
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"'{call.url}' is no address of http or https")
    request = Request(  # noqa: S310  # judged above
        call.url, data=call.body, headers=dict(call.headers), method=call.method
    )
    server = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or call.url
    try:
        with urlopen(request, timeout=call.timeout) as answer:  # noqa: S310  # judged above
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if into is None:
                return HttpAnswer(status=answer.status, headers=headers, body=answer.read(_MOST))
            with into.open("wb") as file:
                shutil.copyfileobj(answer, file, 1 << 20)
            return HttpAnswer(status=answer.status, headers=headers)
    except HTTPError as answer:
        with answer:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return HttpAnswer(status=answer.code, headers=headers, body=answer.read(_MOST))
    except (OSError, HTTPException) as problem:
        reason = problem.reason if isinstance(problem, URLError) else problem
        raise Unavailable(
            f"{server} does not answer: {reason}",
            hint="is it running, and is its URL right?",
        ) from None
