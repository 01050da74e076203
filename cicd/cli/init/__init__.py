"""``cicd init``: the documents that a repository begins with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.options import shared_options
from cicd.errors import CicdError, ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.cli.init.kinds import Kind
    from cicd.cli.invocation import Invocation

KINDS = (
    *("maven", "gradle", "rust", "go", "sbt", "dotnet", "php", "elixir", "hugo", "bun", "node"),
    *("ruby", "python", "mkdocs", "docker", "terraform", "make", "static"),
)
MANAGERS = ("pnpm", "yarn")  # of packages for Node, beside its own; facts have their names
RUNNERS = ("docker", "sandbox", "host")  # in the order of preference


@click.command(
    epilog="""\b
Examples:
  cicd init                     look at this repository, and write what it needs
  cicd init --dry-run           print what would be written
  cicd init --kind docker       it is built by its Dockerfile, whatever else is there
  cicd init --runner sandbox    builds run without a container engine
  cicd init --command './build.sh' --image debian:12    it is built so, whatever it is
"""
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help=f"What it is, if that is not plain to see: {', '.join(KINDS)}.",
)
@click.option(
    "--command", "commands", multiple=True, metavar="TEXT", help="What builds it; may be repeated."
)
@click.option("--name", metavar="NAME", help="Of the project, pipeline and application.")
@click.option("--image", metavar="IMAGE", help="What builds run in, in place of the usual one.")
@click.option("--runner", type=click.Choice(RUNNERS), help="Where builds run (what works here).")
@click.option("--deploy/--no-deploy", default=None, help="With a deployment, or without.")
@click.option("--force", is_flag=True, help="Write over documents that are there.")
@click.option("--dry-run", is_flag=True, help="Print the documents, and write nothing.")
@shared_options
def init(
    invocation: Invocation,
    *,
    kind: str | None,
    commands: tuple[str, ...],
    name: str | None,
    image: str | None,
    runner: str | None,
    deploy: bool | None,
    force: bool,
    dry_run: bool,
) -> int:
    """
    Write a buildspec, a pipeline and cicd.yml for this repository.

    An AppSpec comes with them where there is something to deploy. What is there already stays.
    In a repository of several parts, each part has its own: run this in the part.
    """
    from cicd.cli.init import documents, look
    from cicd.store.user_files import replace_file

    top, branch = _place()
    root = look.part(top, said=kind is not None or bool(commands))
    chosen, others = look.kind_of(root, kind, commands)
    found = chosen.found_at(root)
    facts = chosen.facts_of(root)
    there = _there(root)
    facts["deploy"] = (
        _deploys(chosen, facts, there=() if force else there) if deploy is None else deploy
    )
    facts[chosen.name] = True
    facts["deployed_part"] = facts["deploy"] and facts["part"]
    called = documents.usable_name(name or root.name)
    words = {
        "NAME": called,
        "BUCKET": documents.bucket_name(called),
        "IMAGE": image or chosen.image,
        "RUNNER": runner or _runner(invocation, chosen),
        "BRANCH": branch,
        "FILE": next(iter([*found, *chosen.files]), ""),
        "LEAVES": chosen.leaves,
        "MANAGER": next((each for each in MANAGERS if facts.get(each)), "npm"),
    }
    made = documents.documents(chosen, facts, words)
    if documents.RESOURCES in there and not force:
        # Nothing would say where the pipeline's project is.
        made.pop(documents.PIPELINE)
    kept = [path for path in made if path in there and not force]
    for path in kept:
        made.pop(path)
    show = invocation.show
    show.text(f"{root.name} is {chosen.title}" + _also(others))
    for doubt in look.doubts(chosen, found, facts):
        show.text(f"  {doubt}", Level.WARNING)
    for path, text in made.items():
        if dry_run:
            show.text(f"── {path}\n{text}")
            continue
        mode = 0o755 if path == documents.SCRIPT else 0o644
        replace_file(root / path, text.encode(), new_mode=mode)
        show.text(f"  wrote  {path}", Level.SUCCESS)
    for path in kept:
        show.text(f"  kept   {path}: it is there already; --force writes over it", Level.WARNING)
    follow = _next(pipeline=documents.PIPELINE in made, branch=branch, root=root)
    if made and not dry_run:
        show.text("Next:")
        for line in follow:
            show.text(f"  {line}")
    show.result(
        {
            "kind": chosen.name,
            "alsoLikely": [other.name for other in others],
            "name": called,
            "runner": words["RUNNER"],
            "image": words["IMAGE"],
            "deploys": facts["deploy"],
            "written": [] if dry_run else [*made],
            "kept": [*kept],
            "documents": dict(made) if dry_run else {},
            "next": [*follow],
        }
    )
    return ExitCode.SUCCEEDED


def _place() -> tuple[Path, str]:
    """Give the root of the repository, else the working directory; and the branch to follow."""
    from cicd.repos.find import find_repository

    here = Path.cwd()
    try:
        repository = find_repository(here)
    except CicdError:  # no git yet: builds need none
        return here, "main"
    if repository is None:
        return here, "main"
    if repository.bare:
        raise UsageError(
            f"'{here}' is a bare repository: it has no files to look at",
            hint="run 'cicd init' in a clone of it",
        )
    return repository.root, repository.branch() or repository.default_branch() or "main"


def _there(root: Path) -> tuple[str, ...]:
    from cicd.cli.init import documents

    names = (
        documents.BUILDSPEC,
        documents.RESOURCES,
        documents.PIPELINE,
        documents.APPSPEC,
        documents.SCRIPT,
    )
    return tuple(name for name in names if (root / name).exists())


def _deploys(kind: Kind, facts: Mapping[str, bool], *, there: Sequence[str]) -> bool:
    """Decide whether there is a deployment, when these documents stay as they are."""
    from cicd.cli.init import documents

    if documents.APPSPEC in there:
        return True
    # A buildspec that somebody wrote need not hand on what an AppSpec of ours would ask for.
    return documents.BUILDSPEC not in there and bool(kind.deploys and facts[kind.deploys])


def _runner(invocation: Invocation, kind: Kind) -> str:
    """Give the first runner that works here; docker where none does, and for what needs it."""
    from cicd.wiring.machine import runners

    if kind.name == RUNNERS[0]:  # a sandbox could not give its build an engine
        return RUNNERS[0]
    runner = runners(invocation.settings().home)
    for name in RUNNERS:
        try:
            runner(name).check()
        except CicdError:
            continue
        return name
    return RUNNERS[0]


def _also(others: Sequence[Kind]) -> str:
    if not others:
        return ""
    names = " or ".join(f"--kind {other.name}" for other in others)
    return f" (also possible: {names})"


def _next(*, pipeline: bool, branch: str, root: Path) -> list[str]:
    lines = ["cicd lint", "cicd build"]
    if not pipeline:
        return lines
    if not any((place / ".git").exists() for place in (root, *root.parents)):
        lines.append(f"git init -b {branch}")
    return [*lines, "git add . && git commit -m 'Build it with cicd'", "cicd pipeline run"]
