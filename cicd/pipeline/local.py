"""What ``cicd.yml`` says under ``local`` about pipelines and templates."""

from __future__ import annotations

from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.node import Node
    from cicd.document.resources import Resources

DEFAULT_RUNNER = "docker"


def runner_name(resources: Resources) -> str:
    """Give the runner that ``local.runner`` names, else docker."""
    node = _local(resources, "runner")
    return node.text if node is not None else DEFAULT_RUNNER


def repositories(resources: Resources) -> Mapping[str, str]:
    """Give ``local.repositories``: a repository's name → its directory, below ``cicd.yml``'s."""
    return resources.local_texts("repositories")


def buckets(resources: Resources) -> Mapping[str, str]:
    """Give ``local.buckets``: a bucket's name → a folder below ``cicd.yml``'s, or a URL."""
    return resources.local_texts("buckets")


@dataclass(frozen=True, slots=True, kw_only=True)
class JenkinsPlace:
    """A Jenkins, and how it is spoken to."""

    url: str
    user: str = ""  # "": nobody has to log in
    token: str = ""  # the name of the secret that holds the user's API token
    inputs: str = "upload"  # or "none": its jobs fetch their sources themselves


def jenkins_places(resources: Resources) -> Mapping[str, JenkinsPlace]:
    """Give ``local.jenkins``: the name of a custom provider → the Jenkins that it is."""
    node = _local(resources, "jenkins")
    entries = node.entries.values() if node is not None else ()
    found = {}
    for entry in entries:
        texts = _texts(entry.value)
        found[entry.key] = JenkinsPlace(
            url=texts.get("url", ""),
            user=texts.get("user", ""),
            token=texts.get("token", ""),
            inputs=texts.get("inputs", "upload"),
        )
    return MappingProxyType(found)


def job_workers(resources: Resources) -> frozenset[str]:
    """Give ``local.jobWorkers``: the custom providers whose workers poll the endpoint for jobs."""
    return _names(_local(resources, "jobWorkers"))


def simulates_stack(name: str, resources: Resources) -> bool:
    """Tell whether ``local.simulatedStacks`` has a stack: by its name, or as "Beta-*"."""
    return any(fnmatchcase(name, each) for each in _names(_local(resources, "simulatedStacks")))


def _local(resources: Resources, key: str) -> Node | None:
    entry = resources.local.entries.get(key) if resources.local is not None else None
    return None if entry is None or entry.value.is_null else entry.value


def _names(node: Node | None) -> frozenset[str]:
    return frozenset(item.text for item in node.items) if node is not None else frozenset()


def _texts(node: Node | None) -> Mapping[str, str]:
    entries = node.entries.values() if node is not None else ()
    return MappingProxyType({entry.key: entry.value.text for entry in entries})
