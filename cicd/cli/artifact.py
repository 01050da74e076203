"""``cicd artifact``: what pipelines have handed on, and how long it is kept."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.offers import ids, names
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.event import JSON
    from cicd.pipeline.stored import HandedOn
    from cicd.ports import KeptArtifact


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd artifact list --pipeline shop
  cicd artifact get BuildOutput -o out          of the newest execution that made it
  cicd artifact get shop/BuildOutpu/22a9eeb     by its key
  cicd artifact prune --older-than 30d --max-size 5GB --dry-run

\b
Where they are kept, and whether sealed, are settings (.cicd/config.toml):
  artifact_store = "s3://bucket/folder"         a folder, or what fsspec speaks to
  artifact_encryption = "on"                    with the key of 'cicd secret'
  artifact_max_age = "30d"                      what is older goes by itself
  artifact_max_size = "5GB"                     and the oldest beyond this
""",
)
def artifact() -> None:
    """Look at the artifacts of pipelines; fetch or remove them."""


@artifact.command("list", epilog="\b\nExample:\n  cicd artifact list --execution 1b2c3d4e\n")
@click.option(
    "--pipeline",
    metavar="NAME",
    help="Only of this pipeline.",
    shell_complete=names("pipeline", section="pipelines"),
)
@click.option(
    "--execution", metavar="ID", help="Only of this execution.", shell_complete=ids("pipeline")
)
@click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many."
)
@shared_options
def list_artifacts(
    invocation: Invocation, *, pipeline: str | None, execution: str | None, limit: int
) -> int:
    """List artifacts by their objects' keys, the newest execution's first."""
    from cicd.build.cache.pruning import size_words
    from cicd.pipeline.stored import handed_on

    with invocation.services() as services:
        found = handed_on(services, pipeline=pipeline, execution=execution)[:limit]
        kept = {each.digest: each for each in services.artifacts.kept()}
    show = invocation.show
    show.table(
        ("OBJECT", "ARTIFACT", "EXECUTION", "MADE", "SIZE"),
        [
            (
                each.location,
                each.artifact.name,
                each.execution_id[:8],
                local_time(each.at),
                size_words(kept[each.artifact.digest].size)
                if each.artifact.digest in kept
                else "pruned",
            )
            for each in found
        ],
    )
    total = sum(each.size for each in kept.values())
    count = len(kept)
    show.notice(f"{count} zip(s), {size_words(total)} in all" if count else "nothing is kept yet")
    show.result({"artifacts": [_shape(each, kept.values()) for each in found], "size": total})
    return ExitCode.SUCCEEDED


@artifact.command(epilog="\b\nExample:\n  cicd artifact get BuildOutput -o out\n")
@click.argument("wanted", metavar="NAME|KEY")
@click.option(
    "--execution",
    metavar="ID",
    help="Of this execution; else the newest that has it.",
    shell_complete=ids("pipeline"),
)
@click.option(
    "--out",
    "-o",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where its files go; an empty directory, or a new one. Else ./NAME.",
)
@click.option("--zip", "whole", is_flag=True, help="The zip itself: --out is a file.")
@shared_options
def get(
    invocation: Invocation, *, wanted: str, execution: str | None, out: Path | None, whole: bool
) -> int:
    """Fetch an artifact: its files, or with --zip the object as it is."""
    from cicd.pipeline.stored import handed_on

    with invocation.services() as services:
        found = next(
            (each for each in handed_on(services, execution=execution) if each.means(wanted)), None
        )
        if found is None:
            raise UsageError(
                f"there is no artifact '{wanted}'", hint="'cicd artifact list' shows them"
            )
        kept = services.artifacts.find(found.artifact.digest)
        if kept is None:
            raise UsageError(
                f"'{found.location}' was pruned", hint="run the pipeline again to make it"
            )
        name = found.artifact.name
        place = out or Path(f"{name}.zip" if whole else name)
        if place.exists() and (whole or not place.is_dir() or any(place.iterdir())):
            raise UsageError(f"'{place}' is there already", hint="name another place with --out")
        if whole:
            shutil.copyfile(services.artifacts.path(kept), place)
        else:
            services.artifacts.unpack(kept, place)
    invocation.show.text(f"{found.location}: {kept.files} file(s) in {place}")
    invocation.show.result({**_shape(found, ()), "files": kept.files, "place": str(place)})
    return ExitCode.SUCCEEDED


@artifact.command(epilog="\b\nExample:\n  cicd artifact prune --older-than 30d --dry-run\n")
@click.option("--older-than", metavar="AGE", help="Remove what is older: 12h, 30d, 8w.")
@click.option("--max-size", metavar="SIZE", help="Keep the newest that fit: 500MB, 5GB.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@shared_options
def prune(
    invocation: Invocation, *, older_than: str | None, max_size: str | None, dry_run: bool
) -> int:
    """
    Remove the oldest artifacts, of builds and deployments as well.

    Those of executions that are not over stay, and what came since such a one began. A stage
    of an older execution cannot be retried or rolled back to without them.
    """
    from cicd.build.cache.pruning import read_age, read_size, size_words
    from cicd.pipeline.stored import in_use, to_remove
    from cicd.store.upkeep.wanted import settled_before

    if max_size is None and older_than is None:
        raise UsageError(
            "nothing says how much may stay", hint="give --max-size 5GB or --older-than 30d"
        )
    size = None if max_size is None else read_size(max_size)
    age = None if older_than is None else read_age(older_than)
    with invocation.services() as services:
        now = services.clock.now()
        # What came since the oldest that is not over began may be handed on by a build of it,
        # which has not said so yet.
        since = settled_before(services.executions.list(), now, fresh=timedelta())
        kept = services.artifacts.kept()
        young = {each.digest for each in kept if each.kept_at >= since}
        gone = to_remove(
            kept, now=now, max_size=size, older_than=age, spared=in_use(services) | young
        )
        if not dry_run:
            # One that was put again meanwhile stays: somebody needs it.
            remove = partial(services.artifacts.remove, unless_since=since.timestamp())
            gone = [each for each in gone if remove(each.digest)]
    words = "would be removed" if dry_run else "removed"
    for each in gone:
        invocation.show.text(f"{each.digest[:12]}  {size_words(each.size)}  {words}")
    total = sum(each.size for each in gone)
    invocation.show.notice(f"{len(gone)} zip(s), {size_words(total)}, {words}")
    invocation.show.result(
        {"digests": [each.digest for each in gone], "size": total, "what": words}
    )
    return ExitCode.SUCCEEDED


def _shape(one: HandedOn, kept: Iterable[KeptArtifact]) -> dict[str, JSON]:
    sizes: Sequence[int] = [each.size for each in kept if each.digest == one.artifact.digest]
    return {
        "name": one.artifact.name,
        "s3location": {"bucket": one.bucket, "key": one.artifact.key},
        "pipelineExecutionId": one.execution_id,
        "digest": one.artifact.digest,
        **({"size": sizes[0]} if sizes else {}),
    }
