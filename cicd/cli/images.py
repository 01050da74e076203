"""``cicd images``: which image stands in for one that exists only in the cloud."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.options import shared_options
from cicd.errors import ExitCode, Unavailable, UsageError
from cicd.ports import Level
from cicd.settings import CONFIG, Settings, user_file
from cicd.settings.file import SettingsFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.cli.invocation import Invocation
    from cicd.document.resources import Resources

_USER = click.option("--user", is_flag=True, help="For all repositories of yours.")


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd images list
  cicd images set aws/codebuild/standard:7.0 python:3.12-slim
  cicd images set 'aws/codebuild/*' mine:latest --user
  cicd images unset aws/codebuild/standard:7.0
  cicd images pull aws/codebuild/standard:7.0

\b
The first place that has a row wins: 'local: images' of cicd.yml, [images] of
.cicd/config.toml, [images] of your own config.toml, the setting 'image', the
image that AWS publishes.
""",
)
def images() -> None:
    """Say which image stands in for one that exists only in the cloud."""


@images.command("list", epilog="\b\nExample:\n  cicd images list\n")
@shared_options
def list_images(invocation: Invocation) -> int:
    """List what stands in for what, and whether it is here."""
    from cicd.build.images.table import table
    from cicd.document.resources import Resources

    settings = invocation.settings()
    resources = Resources.load(Path.cwd())
    rows = table(_layers(settings, resources), settings.image, _wanted(resources))
    here = _here(row.image for row in rows if not row.image.endswith("*"))
    show = invocation.show
    show.table(
        ("IMAGE", "STANDS IN", "FROM", "HERE"),
        [(row.name, row.image, row.origin, _WORDS[here.get(row.image)]) for row in rows],
    )
    if any(known is None for known in here.values()):
        show.notice("no Docker engine answers, so what is here is not known", Level.WARNING)
    show.result(
        {
            "images": [
                {
                    "name": row.name,
                    "image": row.image,
                    "origin": row.origin,
                    "here": here.get(row.image),
                }
                for row in rows
            ]
        }
    )
    return ExitCode.SUCCEEDED


@images.command(
    "set",
    epilog="""\b
Examples:
  cicd images set aws/codebuild/standard:7.0 my-image:1
  cicd images set 'aws/codebuild/*' my-image:1 --user
""",
)
@click.argument("name")
@click.argument("image")
@_USER
@shared_options
def set_image(invocation: Invocation, *, name: str, image: str, user: bool) -> int:
    """Let IMAGE stand in for NAME.

    A NAME that ends in '*' is the beginning of names.
    """
    from cicd.store.config_file import set_image as write

    _check(name, image)
    path = _file(invocation, user=user)
    write(path, name, image)
    show = invocation.show
    show.text(f"{name} is {image} here, says {path}", Level.SUCCESS)
    if _here((image,))[image] is False:
        show.notice(f"'{image}' is not here yet: cicd images pull {name}")
    stronger = _layers(invocation.settings(), _resources())
    origin = next((o for o, rows in stronger if name in rows), str(path))
    if origin != str(path):
        show.notice(f"{origin} has a row for it too, and wins", Level.WARNING)
    show.result({"name": name, "image": image, "origin": str(path)})
    return ExitCode.SUCCEEDED


@images.command(epilog="\b\nExample:\n  cicd images unset aws/codebuild/standard:7.0\n")
@click.argument("name")
@_USER
@shared_options
def unset(invocation: Invocation, *, name: str, user: bool) -> int:
    """Take the row for NAME out of the table."""
    from cicd.store.config_file import set_image as write

    path = _file(invocation, user=user)
    if not write(path, name, None):
        raise UsageError(f"{path} has no row for '{name}'", hint="see cicd images list")
    invocation.show.text(f"{path} has no row for {name} any more", Level.SUCCESS)
    invocation.show.result({"name": name, "origin": str(path)})
    return ExitCode.SUCCEEDED


@images.command(epilog="\b\nExample:\n  cicd images pull aws/codebuild/standard:7.0\n")
@click.argument("name")
@shared_options
def pull(invocation: Invocation, *, name: str) -> int:
    """Pull what stands in for NAME.

    Docker's own configuration gives the credentials, as `docker login` left them.
    """
    from cicd.backends import docker_engine, docker_images
    from cicd.build.images.table import stand_in

    settings = invocation.settings()
    rows: dict[str, str] = {}
    for _, more in _layers(settings, _resources()):
        rows = {**more, **rows}
    image = stand_in(name, rows, settings.image)
    engine = docker_engine.Engine(docker_engine.endpoint())
    standing_for = name if name != image else ""
    docker_images.pull(engine, image, standing_for, invocation.show.notice)
    invocation.show.text(f"{image} is here", Level.SUCCESS)
    invocation.show.result({"name": name, "image": image})
    return ExitCode.SUCCEEDED


def missing_images(invocation: Invocation) -> dict[str, str] | None:
    """
    Give the images that builds here run in and that are not on this machine, with what stands
    in for each; None where no engine answers.
    """
    from cicd.build.images.table import table

    settings, resources = invocation.settings(), _resources()
    wanted = _wanted(resources)
    rows = table(_layers(settings, resources), settings.image, wanted)
    stands = {row.name: row.image for row in rows if row.name in wanted}
    here = _here(stands.values())
    if None in here.values():
        return None
    return {name: image for name, image in stands.items() if not here[image]}


def _resources() -> Resources:
    from cicd.document.resources import Resources

    return Resources.load(Path.cwd())


def _layers(settings: Settings, resources: Resources) -> list[tuple[str, Mapping[str, str]]]:
    """Give the rows by where they stand, the strongest place first."""
    from cicd.build.find_project import local_images

    own = user_file(os.environ)
    files = [settings.home / CONFIG, *([own] if own else [])]
    return [
        ("cicd.yml", local_images(resources)),
        *((str(path), SettingsFile(path).images()) for path in files),
    ]


def _wanted(resources: Resources) -> list[str]:
    """Give the images that the projects of ``cicd.yml`` name, or a build that has no project."""
    from cicd.build.find_project import find_project

    names: list[str | None] = [*resources.section("projects")]
    projects = (find_project(resources, name, resources.root) for name in names or [None])
    return sorted({project.environment.image for project in projects})


def _file(invocation: Invocation, *, user: bool) -> Path:
    if not user:
        from cicd.store.disk import prepare_home

        home = invocation.settings().home
        prepare_home(home)
        return home / CONFIG
    path = user_file(os.environ)
    if path is None:
        raise UsageError("there is no home directory", hint="set HOME or XDG_CONFIG_HOME")
    return path


def _check(name: str, image: str) -> None:
    for what in (name, image):
        if not what.strip() or any(c.isspace() for c in what):
            raise UsageError(
                f"'{what}' is not the name of an image", hint="see cicd images --help"
            )
    if "*" in name[:-1] or "*" in image:
        raise UsageError(
            f"'{name}' stands for too much: '*' may only end a NAME",
            hint="write it like  'aws/codebuild/*'",
        )


def _here(names: Iterable[str]) -> dict[str, bool | None]:
    """Say which images are on the engine; None where no engine answers."""
    from cicd.backends import docker_engine, docker_images

    found: dict[str, bool | None] = dict.fromkeys(names)
    try:
        engine = docker_engine.Engine(docker_engine.endpoint())
        for name in found:
            found[name] = docker_images.look(engine, name) is not None
    except Unavailable:
        return dict.fromkeys(found)
    return found


_WORDS = {None: "?", True: "yes", False: "no"}
