"""The code of a function that a template makes: its inline text, or an object of a bucket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Unavailable
from cicd.functions.code import keep_text
from cicd.functions.resource import code_place
from cicd.pipeline.buckets import FOLDER
from cicd.temporary import temporary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.event import JSON
    from cicd.ports import Artifact, Services


def code_of(properties: Mapping[str, JSON], services: Services) -> Artifact:
    """
    Keep the code that the properties of ``AWS::Lambda::Function`` name.

    An object is one of a bucket that a stack made, or an artifact that an execution handed on,
    which is what ``Fn::GetArtifactAtt`` names.

    Raises:
        FunctionRefused: Nothing says where the code is.
        Unavailable: There is no such object.

    """
    place = code_place(properties)
    if place.file:
        return keep_text(place.file, place.text, services.artifacts)
    folder = services.home / FOLDER / place.bucket
    if "/" not in place.bucket and folder.is_dir():
        with temporary("code") as scratch:
            path = scratch / "code.zip"
            if services.bucket(str(folder.absolute())).read(place.key, path):
                return services.artifacts.put_zip(path)
    found = _handed_on(f"{place.bucket}/{place.key}", services)
    if found is None:
        raise Unavailable(
            f"the code s3://{place.bucket}/{place.key} is not here",
            hint="name an input artifact with Fn::GetArtifactAtt in ParameterOverrides, or an "
            "object of a bucket that a stack made here",
        )
    return found


def _handed_on(location: str, services: Services) -> Artifact | None:
    from cicd.pipeline.stored import handed_on

    for each in handed_on(services):
        if each.location.removesuffix(".zip") == location.removesuffix(".zip"):
            return services.artifacts.find(each.artifact.digest)
    return None
