"""
What the user chose: flags, ``CICD_*``, ``.cicd/config.toml``, the user's own file, defaults.

The first place that says something wins, name by name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TypeAlias

from cicd.errors import Unavailable, UsageError
from cicd.record import dataclass

HOME = ".cicd"
CONFIG = "config.toml"
OUTPUTS = ("human", "plain", "json")
COLORS = ("auto", "always", "never")
DOCKERS = ("socket", "nested")
SWITCHES = ("off", "on")
MAXIMUM_JOBS = 256

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """One value, and where it was written, for messages."""

    value: str | int
    where: str


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
    files = [path for path in (user_file(environ), directory / CONFIG) if path is not None]
    tables = [(path, *_parsed(path)) for path in files]
    choices = {
        **{name: choice for read in tables for name, choice in _from_table(*read).items()},
        **_from_environment(environ),
        **{
            name: _Choice(value=value, where=f"--{name}")
            for name, value in flags.items()
            if value is not None and name in _NAMES
        },
    }
    return Settings(
        home=directory,
        output=_one_of(choices.get("output"), OUTPUTS),
        jobs=_count(choices.get("jobs"), "jobs") or 8,
        jobs_chosen="jobs" in choices,
        builds=_count(choices.get("builds"), "builds"),
        runner=_word(choices.get("runner")),
        image=_word(choices.get("image")),
        color=_one_of(choices.get("color"), COLORS) or "auto",
        network=_word(choices.get("network")),
        docker=_one_of(choices.get("docker"), DOCKERS) or "socket",
        images={name: image for read in tables for name, image in _images(*read).items()},
        secrets=tuple((_word(choices.get("secrets")) or "").replace(",", " ").split()),
        artifact_store=_word(choices.get("artifact_store")),
        artifact_encryption=_one_of(choices.get("artifact_encryption"), SWITCHES) or "off",
        artifact_max_age=_of_form(choices.get("artifact_max_age"), _AGE, "12h, 30d or 8w"),
        artifact_max_size=_of_form(choices.get("artifact_max_size"), _SIZE, "500MB or 5GB"),
        profile=_word(choices.get("profile")),
    )


def user_file(environ: Mapping[str, str]) -> Path | None:
    """Say where the user's own settings are, for all repositories; None without a home."""
    if chosen := environ.get("XDG_CONFIG_HOME"):
        return Path(chosen) / "cicd" / CONFIG
    home = environ.get("HOME")
    return Path(home) / ".config" / "cicd" / CONFIG if home else None


def images_in(path: Path) -> Mapping[str, str]:
    """Give the table ``[images]`` of a file of settings, which need not be there."""
    return _images(path, *_parsed(path))


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
_IMAGES = "images"
_AGE = r"\d{1,6}[smhdw]"
_SIZE = r"\d+(\.\d+)?\s*([KMGT]?B|[KMGT]iB)"


def _may_serve(home: Path, here: Path) -> bool:
    owners = {os.geteuid(), 0, here.stat().st_uid} if here.exists() else set()
    return home.parent == here or home.stat().st_uid in owners


def _absolute(path: Path, start: Path) -> Path:
    return (start / path.expanduser()).resolve()


def _from_environment(environ: Mapping[str, str]) -> dict[str, _Choice]:
    found = {}
    # https://no-color.org: any value but the empty one
    if environ.get("NO_COLOR"):
        found["color"] = _Choice(value="never", where="NO_COLOR")
    for name in _NAMES:
        variable = f"CICD_{name.upper()}"
        if environ.get(variable):
            found[name] = _Choice(value=environ[variable], where=variable)
    return found


def _parsed(path: Path) -> tuple[Mapping[str, object], str]:
    """Read a file of settings; gives what it says, and its text."""
    text = _read(path)
    if text is None:
        return {}, ""
    import tomllib

    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, text, str(error)) from None


def _from_table(path: Path, table: Mapping[str, object], text: str) -> dict[str, _Choice]:
    found = {}
    for name, value in table.items():
        if name == _IMAGES:
            continue
        where = f"{path}:{_line_of(name, text)}"
        if name not in _NAMES:
            raise UsageError(
                f"{where}: '{name}' is not a setting",
                hint=f"the settings are {', '.join((*_NAMES, _IMAGES))}",
            )
        # bool is an int to Python, but never a number of jobs to people
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise UsageError(f"{where}: '{name}' takes a text or a number", hint=_EXAMPLE)
        found[name] = _Choice(value=value, where=where)
    return found


def _images(path: Path, table: Mapping[str, object], text: str) -> dict[str, str]:
    rows = table.get(_IMAGES, {})
    if not isinstance(rows, dict):
        where = f"{path}:{_line_of(_IMAGES, text)}"
        raise UsageError(f"{where}: '{_IMAGES}' is a table", hint=_IMAGES_EXAMPLE)
    for name, image in rows.items():
        if not isinstance(image, str) or not image.strip():
            where = f"{path}:{_line_of(name, text)}"
            raise UsageError(
                f"{where}: what stands in for '{name}' is not the name of an image",
                hint=_IMAGES_EXAMPLE,
            )
    return dict(rows)


_EXAMPLE = 'write it like  runner = "sandbox"  or  jobs = 4'
_IMAGES_EXAMPLE = '[images] holds lines like  "aws/codebuild/standard:7.0" = "python:3.12-slim"'


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 at byte {error.start}", hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> Unavailable:
    try:
        path.lstat()
    except PermissionError:  # of the directory: whether there is such a file is not known
        return Unavailable(
            f"{path.parent} is not open to you: {error.strerror}",
            hint="if it is somebody else's state, name one of your own with --home or CICD_HOME",
        )
    return Unavailable(
        f"{path} cannot be read: {error.strerror}", hint="make it readable, or remove it"
    )


def _not_toml(path: Path, text: str, said: str) -> UsageError:
    # Before Python 3.14 the position stands only in the words: "… (at line 3, column 5)".
    position = r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)"
    match = re.fullmatch(position, said, re.DOTALL)
    what, line, column = match.groups() if match else (said, None, None)
    lines = text.split("\n")
    where = f"{path}:{line or len(lines)}:{column or len(lines[-1]) + 1}"
    return UsageError(f"{where}: {what[:1].lower()}{what[1:]}", hint=_EXAMPLE)


def _line_of(name: str, text: str) -> int:
    pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=.\]]")
    lines = text.splitlines()
    return next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 1)


def _one_of(choice: _Choice | None, allowed: tuple[str, ...]) -> str | None:
    if choice is None:
        return None
    if choice.value not in allowed:
        raise UsageError(
            f"{choice.where}: '{choice.value}' is not one of {', '.join(allowed)}",
            hint=f"write one of {', '.join(allowed)}",
        )
    return str(choice.value)


def _of_form(choice: _Choice | None, pattern: str, examples: str) -> str | None:
    if choice is None:
        return None
    written = str(choice.value).strip()
    if re.fullmatch(pattern, written, re.IGNORECASE) is None:
        raise UsageError(
            f"{choice.where}: '{written}' cannot be understood", hint=f"write {examples}"
        )
    return written


def _count(choice: _Choice | None, what: str) -> int | None:
    if choice is None:
        return None
    written = str(choice.value).strip()
    if not (written.isascii() and written.isdigit() and 1 <= int(written[:9]) <= MAXIMUM_JOBS):
        raise UsageError(
            f"{choice.where}: '{written}' is not a number of {what}",
            hint=f"write a whole number from 1 to {MAXIMUM_JOBS}",
        )
    return int(written)


def _word(choice: _Choice | None) -> str | None:
    if choice is None:
        return None
    if not isinstance(choice.value, str) or not choice.value.strip():
        raise UsageError(f"{choice.where}: '{choice.value}' is not a name", hint=_EXAMPLE)
    return choice.value.strip()
