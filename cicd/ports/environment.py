"""What a place where commands run is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import Path

from cicd.record import dataclass


class MountMode(StrEnum):
    """What a session may do to a mounted directory."""

    READ_ONLY = "READ_ONLY"
    COPY_ON_WRITE = "COPY_ON_WRITE"  # writes stay in the session; the original is never touched
    READ_WRITE = "READ_WRITE"  # writes reach the original


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A directory of this machine that a session can see, under a name of its own."""

    name: str  # "src", "src_lib": Session.places[name] says where it is inside
    source: Path  # absolute
    mode: MountMode
    hidden: tuple[str, ...] = ()  # paths below that must not be seen inside, such as ".cicd"
    place: str = ""  # absolute path inside; "": the runner chooses. The host runner always does
    make: bool = False  # the directory is made if it is not there
    layer: Path | None = None  # COPY_ON_WRITE: a directory whose content lies over the source's


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place to be made. Fields that a runner cannot honour raise ``Unavailable`` in ``open``."""

    image: str = ""  # "" for runners without images
    stands_for: str = ""  # the image that ``image`` takes the place of, if any
    mounts: tuple[Mount, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    privileged: bool = False
    docker: str = ""  # "socket", "nested": the engine that ``docker`` inside speaks to
    layers: str = ""  # whose images a nested engine finds again, if nobody has them
    network: str | None = None  # None: the runner's default; "none", "host", "bridge", or a name
    make_network: str = ""  # "open", "internal": how the network is made if it is absent
    cpus: float | None = None
    memory: int | None = None  # bytes
