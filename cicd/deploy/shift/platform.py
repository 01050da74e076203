"""What a deployment is for: servers, a service, or a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.agent import bundle
from cicd.deploy.plan import BundleType
from cicd.deploy.revision import load_appspec
from cicd.deploy.spec import DEFAULT_NAME, ComputePlatform, compute_platform
from cicd.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.deploy.group import DeploymentGroup


def platform_of(
    group: DeploymentGroup, revision: Path, kind: BundleType, appspec: str
) -> ComputePlatform:
    """Tell what is deployed to: the group says so, or, where it is anybody's, the AppSpec."""
    if group.service is not None:
        return ComputePlatform.ECS
    if group.shift is not None:
        return ComputePlatform.LAMBDA
    try:
        node = load_appspec(revision, kind, appspec_name(revision, kind, appspec))
    except (DocumentError, UsageError):
        return ComputePlatform.SERVER  # whoever reads it next says what is wrong
    found = compute_platform(node)
    return found if found is ComputePlatform.LAMBDA else ComputePlatform.SERVER


def appspec_name(revision: Path, kind: BundleType, appspec: str) -> str:
    """Find the AppSpec: services may call it as the pipeline does, appspec.yaml or .json."""
    names = (appspec, "appspec.yaml", "appspec.json")
    if appspec != DEFAULT_NAME:
        return appspec
    found = (name for name in names if read_file(revision, kind, name) is not None)
    return next(found, appspec)


def read_file(revision: Path, kind: BundleType, name: str) -> str | None:
    """Read a file of the revision; None: it has none of that name."""
    if kind is BundleType.DIRECTORY:
        place = revision / name
        return place.read_text("utf-8", "replace") if place.is_file() else None
    found = bundle.read(revision, kind, name)
    return None if found is None else found.decode("utf-8", "replace")
