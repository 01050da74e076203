"""Whether a build's artifact holds what its AppSpec deploys, and whether its scripts can start."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.build.spec import ArtifactsSpec
    from cicd.document.position import Span
    from cicd.document.problem import Problems
    from cicd.lint.links import Repository

_UNDECIDABLE = re.compile(r"[$~]")


def check(repository: Repository, problems: Problems) -> None:
    """Note files that an AppSpec names and the build beside it leaves out; and broken scripts."""
    _bundle(repository, problems)
    _line_ends(repository, problems)


def _bundle(repository: Repository, problems: Problems) -> None:
    appspec, artifacts = repository.appspec, _deployed(repository)
    if appspec is None or artifacts is None:
        return
    patterns = _decidable(artifacts)
    if not patterns or check_revision(artifacts, problems):
        return
    named: list[tuple[str, Span]] = [(m.source, m.span) for m in appspec.files]
    named += [(s.location, s.span) for scripts in appspec.hooks.values() for s in scripts]
    for name, span in named:
        clean = posixpath.normpath(name.strip("/")) if name.strip("/") else ""
        if clean and clean != "." and not could_hold(patterns, clean):
            problems.warning(
                "links/file-left-out",
                f"no pattern of the build's artifact takes '{name}'",
                span,
                hint=f"add it to 'artifacts' of {repository.prefix}buildspec.yml",
                note="the deployment does not find it",
            )


def check_revision(artifacts: ArtifactsSpec, problems: Problems) -> bool:
    """Note, once, that an artifact which is deployed leaves its AppSpec out; tell whether so."""
    patterns = _decidable(artifacts)
    if not patterns or could_hold(patterns, "appspec.yml"):
        return False
    rule, span = "links/appspec-left-out", artifacts.files[0].span
    if not any(known.rule == rule and known.span == span for known in problems):
        problems.warning(
            rule,
            "the artifact does not hold 'appspec.yml', so CodeDeploy cannot deploy it",
            span,
            hint="add 'appspec.yml' and the scripts to 'files'",
        )
    return True


def _decidable(artifacts: ArtifactsSpec) -> tuple[str, ...]:
    """Give an artifact's patterns; none where the build itself makes what they are about."""
    patterns = tuple(item.text for item in artifacts.files)
    made = artifacts.discard_paths or _base(artifacts)
    return () if made or any(map(_UNDECIDABLE.search, patterns)) else patterns


def _deployed(repository: Repository) -> ArtifactsSpec | None:
    """Give the build's artifact that is deployed, unless the pipeline deploys something else."""
    spec = repository.buildspec
    if spec is None:
        return None
    declaration = repository.declaration
    if declaration is None:
        return spec.artifacts
    actions = declaration.actions()
    taken = [a.name for d in actions if d.type_id.provider == "CodeDeploy" for a in d.inputs]
    for action in actions:
        names = [output.name for output in action.outputs]
        if not set(names) & set(taken):
            continue
        if action.type_id.provider != "CodeBuild":
            return None  # the source itself, or somebody else's work
        if len(names) > 1:
            secondary = {each.identifier: each for each in spec.secondary_artifacts}
            return next((secondary.get(name) for name in names if name in taken), None)
    return spec.artifacts


def could_hold(patterns: tuple[str, ...], name: str) -> bool:
    """Tell whether some pattern may take a file of that name, or something below it."""
    return any(_could(pattern.removeprefix("./"), name) for pattern in patterns)


def _could(pattern: str, name: str) -> bool:
    steps, wanted = pattern.split("/"), name.split("/")
    for index, step in enumerate(steps):
        if step == "**":
            return True
        if index >= len(wanted):
            return True  # the pattern goes on below the directory that is named
        if not fnmatchcase(wanted[index], step):
            return False
    return len(steps) == len(wanted)


def _base(artifacts: ArtifactsSpec) -> str:
    base = (artifacts.base_directory or "").strip("/")
    return "" if base == "." else base


def _line_ends(repository: Repository, problems: Problems) -> None:
    if repository.appspec is None or repository.appspec.os == "windows":
        return
    for scripts in repository.appspec.hooks.values():
        for script in scripts:
            path = repository.root / script.location.strip("/")
            if path.is_file() and _first_line(path).endswith(b"\r\n"):
                problems.warning(
                    "links/script-line-ends",
                    f"'{script.location}' has Windows line ends, at which its '#!' line fails",
                    script.span,
                    hint=f"sed -i 's/\\r$//' {script.location}",
                    note="the event fails with ScriptFailed: No such file or directory",
                )


def _first_line(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            line = file.readline(4096)
    except OSError:
        return b""
    return line if line.startswith(b"#!") else b""
