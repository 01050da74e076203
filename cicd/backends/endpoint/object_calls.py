"""S3's calls for the artifacts of jobs: a function fetches its inputs, and leaves its outputs."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from cicd.backends.endpoint.call import Answer, CallRefused
from cicd.errors import UsageError
from cicd.pipeline.jobs.ledger import BUCKET_PREFIX, objects_of
from cicd.temporary import temporary

if TYPE_CHECKING:
    from cicd.backends.endpoint.call import Call, Served

PREFIX = f"/{BUCKET_PREFIX}"
_BUCKET = re.compile(BUCKET_PREFIX + r"[a-z0-9](?:[a-z0-9-]{0,42}[a-z0-9])?")


def answer_objects(served: Served, call: Call) -> Answer:
    """Answer GetObject, HeadObject or PutObject of a job's bucket; raises ``CallRefused``."""
    name, _, key = unquote(call.path.removeprefix("/")).partition("/")
    place = objects_of(name, served.services)
    # A bucket's own rules keep out what would be another place than one job's.
    if not _BUCKET.fullmatch(name) or not place.is_dir():
        raise CallRefused("NoSuchBucket", "The specified bucket does not exist", 404)
    bucket = served.services.bucket(str(place))
    with temporary("object") as scratch:
        path = scratch / "object"
        try:
            if call.method == "PUT":
                path.write_bytes(call.body)
                bucket.write(key, path)
                return Answer(headers={"ETag": _tag(call.body)})
            if call.method in {"GET", "HEAD"} and bucket.read(key, path):
                body = path.read_bytes()
                headers = {"ETag": _tag(body), "Content-Type": "application/zip"}
                return Answer(body=body, headers=headers)
        except UsageError as refusal:
            raise CallRefused("InvalidArgument", refusal.message) from None
    raise CallRefused("NoSuchKey", "The specified key does not exist.", 404)


def refused_in_xml(refusal: CallRefused) -> Answer:
    """Give a refusal as S3 does: in XML."""
    from xml.sax.saxutils import escape

    body = (
        f"<Error><Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message></Error>"
    )
    return Answer(
        status=refusal.status, body=body.encode(), headers={"Content-Type": "application/xml"}
    )


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
