"""From the words of ``cicd build`` to what a build is asked for."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.cli.options import pair
from cicd.errors import CicdError, UsageError
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cicd.build.environment_variable import Variable
    from cicd.build.request import BuildRequest
    from cicd.document.resources import Resources
    from cicd.settings import Settings

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was typed."""

    source: Path | None
    buildspec: str | None
    project: str | None
    source_version: str | None
    image: str | None
    privileged: bool
    runner: str | None
    network: str | None
    env: tuple[str, ...]
    secondary_source: tuple[str, ...]
    artifacts: Path | None
    timeout: int | None
    debug: bool
    break_on: tuple[str, ...]


def source_of(options: Options) -> Path:
    """Find the directory to build: the nearest one upwards that has a document of ours."""
    if options.source is not None:
        if not options.source.is_dir():
            elsewhere = ":" in options.source.parts[0]
            raise UsageError(
                f"there is no directory '{options.source}'",
                hint="a source is a directory of this machine: git clone it"
                if elsewhere
                else "name the directory that holds buildspec.yml",
            )
        return options.source
    here = Path.cwd()
    if options.buildspec is not None:
        return here
    for directory in (here, *here.parents):
        if (directory / "buildspec.yml").exists() or (directory / "cicd.yml").exists():
            return directory
        if (directory / ".git").exists():
            break
    return here


def request_of(options: Options, directory: Path, settings: Settings) -> BuildRequest:
    """Put together what was typed, what the settings say and what the project is."""
    from datetime import timedelta

    from cicd.build.compute.place import LocalPlaces
    from cicd.build.environment_variable import Variable
    from cicd.build.find_project import find_project, local_images
    from cicd.build.request import BuildRequest
    from cicd.document.resources import Resources
    from cicd.wiring.kept import new_id

    resources = Resources.load(directory)
    if resources.local is not None:
        from cicd.build.compute.local_places import local_places
    typed = tuple(pair(text, "NAME=VALUE", "--env") for text in options.env)
    for name, _ in typed:
        if not VARIABLE_NAME.fullmatch(name):
            raise UsageError(
                f"'{name}' cannot be the name of an environment variable",
                hint="use letters, digits and underscores, and no digit first",
            )
    named = options.project
    if named is not None and named not in resources.section("projects"):
        from cicd.build.template_project import with_template_of

        resources, named = with_template_of(named, resources, directory)
    project = find_project(resources, named, directory)
    if options.privileged:
        project = replace(project, environment=replace(project.environment, privileged=True))
    return BuildRequest(
        source=directory,
        project=project,
        runner=options.runner or settings.runner or _local_runner(resources) or "docker",
        # What a version has of that name is not known before it is there.
        buildspec=options.buildspec
        if options.source_version is not None
        else _buildspec(options.buildspec, directory),
        image=options.image,
        images={**settings.images, **local_images(resources)},
        default_image=settings.image,
        local=local_places(resources) if resources.local is not None else LocalPlaces(),
        network=options.network or settings.network,
        docker=settings.docker,
        variables=tuple(Variable(name=n, value=v) for n, v in typed),
        secondary_sources=_secondary(options.secondary_source),
        timeout=timedelta(minutes=options.timeout) if options.timeout else None,
        uuid=new_id(),
        debug_session=options.debug,
        break_on=options.break_on,
        artifacts_directory=options.artifacts.resolve() if options.artifacts else None,
        hidden=_products(options.artifacts.resolve(), directory.resolve())
        if options.artifacts and options.source_version is None
        else (),
    )


def _products(artifacts: Path, source: Path) -> tuple[str, ...]:
    """
    Give where artifacts go, if that is below the source: what a build made is not built from.

    Unless git keeps it, as a part of the source that a checkout would have.
    """
    if artifacts == source or not artifacts.is_relative_to(source):
        return ()
    path = artifacts.relative_to(source).as_posix()
    if not artifacts.exists():
        return (path,)
    from cicd.repos.find import find_repository
    from cicd.repos.git_command import run_git

    try:
        if find_repository(source) is None:
            return (path,)
    except CicdError:  # a build needs no git
        return (path,)
    return () if run_git(source, ("ls-files", "--", path), {}).stdout else (path,)


def not_secret(
    from_file: Mapping[str, str], variables: Iterable[Variable]
) -> tuple[Variable, ...]:
    """
    Give those values of an env file that are variables of the build.

    The file also holds the values that secrets are looked up in, which no plan may hold;
    a line whose name no variable can have, such as a parameter's path, is nothing else.
    """
    from cicd.build.environment_variable import Variable

    looked_up = {v.value for v in variables if v.type != "PLAINTEXT"}
    looked_up |= {value.partition(":")[0] for value in looked_up}
    return tuple(
        Variable(name=name, value=value)
        for name, value in from_file.items()
        if VARIABLE_NAME.fullmatch(name)
        and name not in looked_up
        and not name.startswith(("CICD_PARAMETER_", "CICD_SECRET_"))
    )


def _secondary(typed: tuple[str, ...]) -> dict[str, Path]:
    sources: dict[str, Path] = {}
    for text in typed:
        name, place = pair(text, "NAME=DIR", "--secondary-source")
        if name in sources:
            raise UsageError(
                f"there are two secondary sources called '{name}'",
                hint="give each a name of its own",
            )
        sources[name] = Path(place)
    return sources


def _buildspec(given: str | None, directory: Path) -> str | None:
    """Give the buildspec's path from the source's root, where the user named it from here."""
    from cicd.build.request import is_document

    if given is not None and (given.startswith("arn:") or is_document(given, directory)):
        return given
    # Not Path.exists(), which lets out what the system says of a name that is too long.
    if given is None or os.path.exists(directory / given):  # noqa: PTH110 - as above
        return given
    if not os.path.exists(given):  # noqa: PTH110 - as above
        from cicd.document.position import brief

        raise UsageError(
            f"there is no buildspec '{brief(given)}'",
            hint=f"name it from here, or from {directory}",
        )
    return str(Path(given).absolute())


def _local_runner(resources: Resources) -> str | None:
    if resources.local is None:
        return None
    from cicd.document.fields import Fields
    from cicd.document.problem import Problems

    local = Fields(resources.local, Problems(), room="build", what="'local'")
    return local.text("runner", default=None)
