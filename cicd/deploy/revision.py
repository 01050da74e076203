"""A revision on this side: kept in the artifact store, its AppSpec read."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.deploy.agent import bundle
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.packing import pack_directory
from cicd.deploy.appspec.reader import read_appspec
from cicd.deploy.plan import BundleType
from cicd.deploy.spec import PREFIX
from cicd.document.load import content, load_bytes, load_text
from cicd.document.problem import Problems
from cicd.errors import DocumentError, UsageError
from cicd.ports import ArtifactFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.deploy.spec import AppSpec
    from cicd.document.node import Node
    from cicd.ports import Services


def store(path: Path, kind: BundleType, services: Services) -> str:
    """Put a revision into the artifact store, and give its digest."""
    match kind:
        case BundleType.ZIP:
            return services.artifacts.put_zip(path).digest
        case BundleType.DIRECTORY:
            with _scratch(services) as directory:
                packed = directory / "revision.zip"
                pack_directory(path, packed, home=services.home)
                return services.artifacts.put_zip(packed).digest
        case BundleType.TAR | BundleType.TGZ:
            return services.artifacts.put((ArtifactFile(path="bundle.tar", source=path),)).digest


@contextmanager
def _scratch(services: Services) -> Iterator[Path]:
    services.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="revision-", dir=services.home) as directory:
        yield Path(directory)


def load_appspec(path: Path, kind: BundleType, name: str) -> Node:
    """
    Read the AppSpec of a revision that was not deployed yet; of twin keys the last counts.

    Raises:
        UsageError: It has none of that name.
        DocumentError: It cannot be read.

    """
    if kind is BundleType.DIRECTORY:
        if not (path / name).is_file():
            _refuse(path, name, other=(path / "appspec.yaml").is_file())
        shown, json = _shown(path / name), Path(name).suffix.lower() == ".json"
        return _node(content(path / name, shown), shown, json=json)
    inside = bundle.read(path, kind, name)
    if inside is None:
        _refuse(path, name, other=bundle.read(path, kind, "appspec.yaml") is not None)
    text = (inside or b"").decode("utf-8", "replace")
    return load_text(text, f"{path.name}:{name}", duplicates="last", aliases=False)


@lru_cache(maxsize=8)  # who plans a deployment asks more than once
def _node(text: bytes, name: str, *, json: bool) -> Node:
    return load_bytes(text, name, json=json, duplicates="last", aliases=False)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _refuse(path: Path, name: str, *, other: bool) -> None:
    raise UsageError(
        f"the revision '{path}' has no '{name}' at its top",
        hint="rename appspec.yaml to appspec.yml, or name it with --appspec: the agent's hooks "
        "look for no other name"
        if other
        else "add one ('cicd init --deploy' writes it), or name the file with --appspec",
    )


def read_as_agent(place: Path, name: str) -> AppSpec:
    """Read the AppSpec of an unpacked revision on an instance; raises ``AgentFault``."""
    try:
        return _parsed(content(place, name), name, json=place.suffix.lower() == ".json")
    except DocumentError as unreadable:
        first = unreadable.problems[0]
        if first.rule == "document/empty":
            raise AgentFault(
                f"{PREFIX} the application specification file was empty. Make sure your AppSpec "
                "file defines at minimum the 'version' and 'os' properties."
            ) from None
        raise AgentFault(f"({name}): {first.message} at {first.span}") from unreadable


@lru_cache(maxsize=8)  # each event of each instance reads the file: mostly the same bytes
def _parsed(text: bytes, name: str, *, json: bool) -> AppSpec:
    return read_appspec(_node(text, name, json=json), Problems())
