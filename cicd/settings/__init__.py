"""
What the user chose: flags, ``CICD_*``, ``.cicd/config.toml``, the user's own file, defaults.

The first place that says something wins, name by name.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from cicd.record import dataclass
from cicd.settings.choice import Choice, count, of_form, one_of, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cicd.settings.file import SettingsFile

HOME = ".cicd"
CONFIG = "config.toml"
OUTPUTS = ("human", "plain", "json")
COLORS = ("auto", "always", "never")
DOCKERS = ("socket", "nested")
SWITCHES = ("off", "on")

Value: TypeAlias = "str | int | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The choices that hold for one invocation.

    ``output``, ``runner`` and ``image`` are None where nobody chose:
    the terminal, ``cicd.yml`` or the document then does.
    """

    home: Path  # absolute; need not exist yet
    output: str | None = None  # one of OUTPUTS
    jobs: int = 8  # commands at once, an execution; 1 to MAXIMUM_JOBS
    jobs_chosen: bool = False  # somebody said how many
    builds: int | None = None  # at once, of this home; more are QUEUED. None: any number
    runner: str | None = None
    image: str | None = None
    color: str = "auto"  # one of COLORS; NO_COLOR makes it "never" unless somebody chose
    network: str | None = None  # what builds join: a name, "none", "host", "bridge"
    docker: str = "socket"  # one of DOCKERS: how a privileged build gets at a Docker engine
    # The table [images] of both files: what a project names → what stands in for it.
    images: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()  # where values come from, in order; (): the usual places
    artifact_store: str | None = None  # a folder or a URL, such as s3://…; None: in the home
    artifact_encryption: str = "off"  # one of SWITCHES: whether artifacts are sealed there
    artifact_max_age: str | None = None  # "30d": what is older goes by itself; None: nothing
    artifact_max_size: str | None = None  # "5GB": the oldest beyond it go; None: nothing
    profile: str | None = None  # of AWS; where nobody names one, AWS is never asked


def load_settings(flags: Mapping[str, Value], environ: Mapping[str, str], start: Path) -> Settings:
    """
    Gather the settings.

    Args:
        flags: By the names of ``Settings``; None where the user gave none.
        environ: The process's environment: CICD_HOME, CICD_OUTPUT, CICD_JOBS, CICD_BUILDS,
            CICD_RUNNER, CICD_IMAGE, CICD_NETWORK, CICD_DOCKER, CICD_COLOR, CICD_SECRETS,
            CICD_ARTIFACT_STORE, CICD_ARTIFACT_ENCRYPTION, CICD_ARTIFACT_MAX_AGE,
            CICD_ARTIFACT_MAX_SIZE, CICD_PROFILE and NO_COLOR are read, and where the user's
            own file is; an empty value counts as absent.
        start: Where the search for the home begins, usually the working directory.

    Raises:
        UsageError: A value that is not allowed, naming the flag, variable or line it stands in.
        Unavailable: ``config.toml`` cannot be read.

    """
    asked, chosen = flags.get("home"), environ.get("CICD_HOME")
    if asked:
        directory = _absolute(Path(str(asked)), start)
    elif chosen:  # relative to where the user is: what ``start`` may be, no variable can know
        directory = _absolute(Path(chosen), Path.cwd())
    else:
        directory = find_home(start)
    files = list(_files(user_file(environ), directory / CONFIG))
    choices = {
        **{name: choice for file in files for name, choice in file.choices(_NAMES).items()},
        **_from_environment(environ),
        **{
            name: Choice(value=value, where=f"--{name}")
            for name, value in flags.items()
            if value is not None and name in _NAMES
        },
    }
    return Settings(
        home=directory,
        output=one_of(choices.get("output"), OUTPUTS),
        jobs=count(choices.get("jobs"), "jobs") or 8,
        jobs_chosen="jobs" in choices,
        builds=count(choices.get("builds"), "builds"),
        runner=word(choices.get("runner")),
        image=word(choices.get("image")),
        color=one_of(choices.get("color"), COLORS) or "auto",
        network=word(choices.get("network")),
        docker=one_of(choices.get("docker"), DOCKERS) or "socket",
        images={name: image for file in files for name, image in file.images().items()},
        secrets=tuple((word(choices.get("secrets")) or "").replace(",", " ").split()),
        artifact_store=word(choices.get("artifact_store")),
        artifact_encryption=one_of(choices.get("artifact_encryption"), SWITCHES) or "off",
        artifact_max_age=of_form(choices.get("artifact_max_age"), _AGE, "12h, 30d or 8w"),
        artifact_max_size=of_form(choices.get("artifact_max_size"), _SIZE, "500MB or 5GB"),
        profile=word(choices.get("profile")),
    )


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Say where the user's own settings are, for all repositories; None without a home."""
    if chosen := environ.get("XDG_CONFIG_HOME"):
        return Path(chosen) / "cicd" / CONFIG
    home = environ.get("HOME")
    return Path(home) / ".config" / "cicd" / CONFIG if home else None


def find_home(start: Path) -> Path:
    """
    Find the home that serves ``start``: the nearest ``.cicd`` upwards.

    The search ends at the first directory that holds ``.git``, since a home outside the
    repository belongs to something else; without a home yet it will be made there,
    or in ``start`` itself outside any repository. Somebody else's home further up, in a directory
    that all users share, serves nobody below it.
    """
    here = _absolute(start, Path.cwd())
    for directory in (here, *here.parents):
        if (directory / HOME).is_dir():
            return (directory if _may_serve(directory / HOME, here) else here) / HOME
        if (directory / ".git").exists():
            return directory / HOME
    return here / HOME


_NAMES = (
    "output",
    "jobs",
    "builds",
    "runner",
    "image",
    "color",
    "network",
    "docker",
    "secrets",
    "artifact_store",
    "artifact_encryption",
    "artifact_max_age",
    "artifact_max_size",
    "profile",
)
_AGE = r"\d{1,6}[smhdw]"
_SIZE = r"\d+(\.\d+)?\s*([KMGT]?B|[KMGT]iB)"


def _files(*paths: Path | None) -> Iterator[SettingsFile]:
    """Read the files that are there; most often there is none, and nothing to be loaded for it."""
    for path in paths:
        if path is not None and _may_be_there(path):
            from cicd.settings.file import SettingsFile

            yield SettingsFile(path)


def _may_be_there(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # whoever reads it tells why that cannot be done
    return True


def _may_serve(home: Path, here: Path) -> bool:
    owners = {os.geteuid(), 0, here.stat().st_uid} if here.exists() else set()
    return home.parent == here or home.stat().st_uid in owners


def _absolute(path: Path, start: Path) -> Path:
    return (start / path.expanduser()).resolve()


def _from_environment(environ: Mapping[str, str]) -> dict[str, Choice]:
    found = {}
    # https://no-color.org: any value but the empty one
    if environ.get("NO_COLOR"):
        found["color"] = Choice(value="never", where="NO_COLOR")
    for name in _NAMES:
        variable = f"CICD_{name.upper()}"
        if environ.get(variable):
            found[name] = Choice(value=environ[variable], where=variable)
    return found
