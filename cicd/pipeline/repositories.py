"""Which repository a source action means: one of this machine, or one at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.resources import FILE
from cicd.errors import UsageError
from cicd.pipeline.local import repositories

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.resources import Resources

REPOSITORY_SOURCES = (
    "Source/AWS/CodeCommit",
    "Source/AWS/CodeStarSourceConnection",
    "Source/ThirdParty/GitHub",
)


def repository_name(provider: str, configuration: Mapping[str, str]) -> str:
    """Give a repository's name as its provider spells it: "shop", or "owner/shop"."""
    match provider:
        case "CodeCommit":
            return configuration.get("RepositoryName", "")
        case "GitHub":
            return f"{configuration.get('Owner', '')}/{configuration.get('Repo', '')}"
    return configuration.get("FullRepositoryId", "")


def find_repository(resources: Resources, root: Path, name: str, *, sources: int) -> Path | str:
    """
    Find a repository: a directory of this machine, or a URL.

    "owner/repo" is looked up whole, then by its last part. Where ``cicd.yml`` does not name it,
    the only source of a pipeline is the directory of ``cicd.yml``; without one, the whole
    repository that the definition stands in, which is what a source of AWS gives.

    Args:
        resources: ``cicd.yml``.
        root: Where it is, or would be.
        name: What the provider calls it.
        sources: How many source actions the pipeline has.

    Raises:
        UsageError: Nothing says where it is; the hint has the missing line.

    """
    from cicd.repos.mirror import is_url

    known = repositories(resources)
    for spelling in (name, name.rpartition("/")[2]):
        if spelling in known:
            place = known[spelling]
            return place if is_url(place) else (root / Path(place).expanduser()).resolve()
    if sources == 1:
        return root if (root / FILE).exists() else _whole(root)
    raise UsageError(
        f"the pipeline has {sources} sources, and nothing says where '{name}' is",
        hint=f"in cicd.yml: local: {{repositories: {{{name}: path/to/it, or a git URL}}}}",
    )


def _whole(directory: Path) -> Path:
    from cicd.repos import find

    repository = find.find_repository(directory)
    return directory if repository is None else repository.root
