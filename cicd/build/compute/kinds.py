"""``computeType`` → how many processors and how much memory. Pure."""

from __future__ import annotations

import re

from cicd.record import dataclass

GIB = 1 << 30

# vCPUs and GiB. Source: user guide, "Build environment compute modes and types".
_LINUX = {
    "BUILD_GENERAL1_SMALL": (2, 4),
    "BUILD_GENERAL1_MEDIUM": (4, 8),
    "BUILD_GENERAL1_LARGE": (8, 16),
    "BUILD_GENERAL1_XLARGE": (36, 72),
    "BUILD_GENERAL1_2XLARGE": (72, 144),
}
_ARM = {"BUILD_GENERAL1_XLARGE": (32, 64), "BUILD_GENERAL1_2XLARGE": (48, 96)}
_LAMBDA = re.compile(r"BUILD_LAMBDA_(1|2|4|8|10)GB")


# What reserved capacity has, of any type of environment.
_OF_FLEETS = ("ATTRIBUTE_BASED_COMPUTE", "CUSTOM_INSTANCE_TYPE")
_GPU = ("BUILD_GENERAL1_SMALL", "BUILD_GENERAL1_LARGE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Processors and memory; None: not known, or not limited."""

    cpus: float | None = None
    memory: int | None = None  # bytes

    def __str__(self) -> str:
        """Give it in people's words: "2 vCPUs and 4.0 GiB of memory"."""
        words = []
        if self.cpus is not None:
            words.append(f"{self.cpus:g} vCPU{'' if self.cpus == 1 else 's'}")
        if self.memory is not None:
            words.append(f"{self.memory / GIB:.1f} GiB of memory".replace(".0 GiB", " GiB"))
        return " and ".join(words)


def size_of(compute_type: str, environment_type: str) -> Size:
    """Give the size of a compute type; an unknown one limits nothing."""
    if found := _LAMBDA.fullmatch(compute_type):
        return Size(memory=int(found[1]) * GIB)
    table = {**_LINUX, **_ARM} if environment_type.startswith("ARM") else _LINUX
    if compute_type not in table:
        return Size()
    cpus, memory = table[compute_type]
    return Size(cpus=cpus, memory=memory * GIB)


def compute_types(environment_type: str) -> tuple[str, ...]:
    """
    Give the compute types that a type of environment can have; "": one that is not known.

    Source: user guide, "Build environment compute modes and types".
    """
    on_lambda = tuple(f"BUILD_LAMBDA_{gigabytes}GB" for gigabytes in (1, 2, 4, 8, 10))
    if not environment_type:
        return (*_LINUX, *on_lambda, *_OF_FLEETS)
    if "LAMBDA" in environment_type:
        return on_lambda
    if environment_type == "LINUX_GPU_CONTAINER":
        return (*_GPU, *_OF_FLEETS)
    if environment_type.startswith("WINDOWS_SERVER"):
        return (*list(_LINUX)[1:], *_OF_FLEETS)  # all but the small one
    return (*_LINUX, *_OF_FLEETS)


def limits(wanted: Size, machine: Size) -> tuple[Size, bool]:
    """
    Give what a container is limited to, and whether this machine has less than is wanted.

    What is as large as the machine, or larger, is no limit.
    """
    cpus, short_of_cpus = _limit(wanted.cpus, machine.cpus)
    memory, short_of_memory = _limit(wanted.memory, machine.memory)
    limited = Size(cpus=cpus, memory=None if memory is None else int(memory))
    return limited, short_of_cpus or short_of_memory


def _limit(wanted: float | None, there: float | None) -> tuple[float | None, bool]:
    if wanted is None or there is None:
        return wanted, False
    return (wanted, False) if wanted < there else (None, wanted > there)
