"""Source/AWS/S3: an object of a bucket, which here is a folder or a URL, handed on unchanged."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.resources import Resources
from cicd.pipeline.actions.codebuild import is_on
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.buckets import bucket_place
from cicd.pipeline.result import (
    ActionResult,
    ActionStatus,
    FailureType,
    StoredArtifact,
    failed,
    object_key,
)
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Artifact, Bucket, Services

_BLOCK = 1 << 20


class S3Source:
    """Takes one object; a folder of that name in the bucket is packed, and that is said."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Take the object as it is now. Local rule: its version is the hash of its content."""
        del scope
        name = request.configuration["S3Bucket"]
        key = request.configuration["S3ObjectKey"]
        asked = request.plan.revisions.get(request.action.name)
        place = bucket_place(Resources.load(Path(request.plan.root)), services.home, name)
        bucket = services.bucket(place)
        request.workspace.mkdir(parents=True, exist_ok=True)
        file = request.workspace / "object"
        if asked and is_on(request, "AllowOverrideForS3ObjectKey") and bucket.keys(asked):
            key, asked = asked, None
        if bucket.read(key, file):
            artifact, raw = _kept(file, key, services)
        elif bucket.keys(f"{key.rstrip('/')}/"):
            file, raw = request.workspace / "packed", ""
            artifact = _packed(bucket, f"{key.rstrip('/')}/", file, services)
            request.say(f"{request.action.name}: {key} is a folder, and was packed")
            file = services.artifacts.path(artifact)
        else:
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"there is no object '{key}' in the bucket '{name}' ({bucket.place})",
                hint=_near(key, bucket),
            )
        version, etag = _hashes(file)
        if asked and not version.startswith(asked):
            return failed(
                FailureType.REVISION_UNAVAILABLE,
                f"'{key}' in the bucket '{name}' has the version {version[:12]}, not '{asked}'",
                hint="a folder has no older versions: only what is there now",
            )
        request.say(f"{request.action.name}: {key} of {bucket.place} at {version[:12]}")
        return ActionResult(
            status=ActionStatus.SUCCEEDED,
            summary=f"Amazon S3 version id: {version}",
            external_execution_id=version,
            outputs=tuple(
                StoredArtifact(
                    name=output,
                    digest=artifact.digest,
                    key=object_key(request.plan.name, output, artifact.digest),
                    action=request.action.name,
                    revision_id=version,
                    revision_summary=f"Amazon S3 version id: {version}",
                    object_name=raw,
                )
                for output in request.action.outputs
            ),
            variables={
                "BucketName": name,
                "ETag": etag,
                "ObjectKey": key,
                "VersionId": version,
            },
        )

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Take it again: nothing was handed on the first time."""


def _kept(file: Path, key: str, services: Services) -> tuple[Artifact, str]:
    """Keep a zip as it is; anything else inside a zip of our own, which nobody is to unpack."""
    if zipfile.is_zipfile(file):
        return services.artifacts.put_zip(file), ""
    name = key.rpartition("/")[2]
    return services.artifacts.put((ArtifactFile(path=name, source=file),)), name


def _packed(bucket: Bucket, prefix: str, into: Path, services: Services) -> Artifact:
    for key in bucket.keys(prefix):
        target = into / key.removeprefix(prefix)
        target.parent.mkdir(parents=True, exist_ok=True)
        bucket.read(key, target)
    return services.artifacts.put(as_code_zip(into))


def _hashes(file: Path) -> tuple[str, str]:
    version, etag = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            version.update(block)
            etag.update(block)
    return version.hexdigest(), etag.hexdigest()


def _near(key: str, bucket: Bucket) -> str:
    from cicd.nearest import closest

    if not bucket.exists():
        return "nothing is there at all"
    keys = bucket.keys()[:1000]
    near = closest(key, keys)
    if near:
        return f"did you mean '{near}'?"
    return (
        f"it has {', '.join(keys[:5])}{', …' if len(keys) > 5 else ''}" if keys else "it is empty"
    )


S3_SOURCE = S3Source()
