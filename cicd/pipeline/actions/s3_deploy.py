"""Deploy/AWS/S3: an artifact into a bucket, which here is a folder or a URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cicd.document.resources import Resources
from cicd.pipeline.actions.raw_object import raw_object
from cicd.pipeline.actions.stored_input import stored_input
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.buckets import bucket_place
from cicd.pipeline.result import ActionResult, ActionStatus, FailureType, failed

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.ports import Services

_TOLD: Final = ("CannedACL", "CacheControl", "KMSEncryptionKeyARN")
CANCELLED = "cancelled before all objects were there"


class S3Deploy:
    """Adds and overwrites; what the artifact does not have any more stays."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Put the artifact itself, or its files, under their keys."""
        configuration = request.configuration
        extract = configuration["Extract"].lower()
        key = _key(configuration.get("ObjectKey", ""), services)
        if extract not in ("true", "false"):
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"'{configuration['Extract']}' is not a value of Extract",
                hint="write true or false",
            )
        if extract == "false" and not key:
            return failed(
                FailureType.CONFIGURATION_ERROR,
                "without Extract the object needs its key",
                hint="add ObjectKey to the configuration",
            )
        taken = request.inputs[0]
        if extract == "true" and taken.object_name:
            return failed(
                FailureType.JOB_FAILED,
                f"the artifact '{taken.name}' is the object '{taken.object_name}', which is no "
                "zip, so there is nothing to extract",
            )
        name = configuration["BucketName"]
        place = bucket_place(Resources.load(Path(request.plan.root)), services.home, name)
        bucket = services.bucket(place)
        if place.startswith("s3://") and not services.bucket(_whole_bucket(place)).exists():
            return failed(
                FailureType.CONFIGURATION_ERROR,
                f"there is no bucket {_whole_bucket(place)}, which '{name}' is here",
                hint="make it, as for AWS: aws s3 mb, or let local.buckets of cicd.yml name a "
                "folder, which is made",
            )
        if not bucket.exists():
            bucket.make()
        for told in _TOLD:
            if configuration.get(told):
                request.say(f"{request.action.name}: {told} has no effect here")
        stored = stored_input(taken, services)
        if extract == "false":
            whole = raw_object(taken, services, request.workspace) or services.artifacts.path(
                stored
            )
            bucket.write(key, whole)
            return _done(request, f"{key} in {bucket.place}")
        tree = request.workspace / "tree"
        services.artifacts.unpack(stored, tree)
        prefix = f"{key.strip('/')}/" if key.strip("/") else ""
        count = 0
        for file in as_code_zip(tree):
            if scope.cancel.reason is not None:
                return failed(FailureType.JOB_FAILED, CANCELLED)
            bucket.write(f"{prefix}{file.path}", file.source)
            count += 1
        objects = "1 object" if count == 1 else f"{count} objects"
        return _done(request, f"{objects} in {bucket.place}{prefix and f'/{prefix}'}")

    def recover(self, request: ActionRequest, services: Services, scope: Scope) -> None:
        """Put all of it again, over what was there."""


def _whole_bucket(place: str) -> str:
    """Give the URL of the bucket that a place is in."""
    return "/".join(place.split("/")[:3])


def _key(text: str, services: Services) -> str:
    """
    Replace ``{datetime}`` and ``{uuid}``.

    Source: CodePipeline User Guide, "Amazon S3 deploy action": ObjectKey.
    """
    moment = services.clock.now().strftime("%Y-%m-%d_%H-%M-%S")
    return text.replace("{datetime}", moment).replace("{uuid}", services.new_id())


def _done(request: ActionRequest, what: str) -> ActionResult:
    request.say(f"{request.action.name}: {what}")
    return ActionResult(status=ActionStatus.SUCCEEDED, summary=f"Deployment Succeeded: {what}")


S3_DEPLOY = S3Deploy()
