"""Which runtimes the curated images have, as AWS publishes them. Pure."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from cicd.build.images.table import CURATED
from cicd.document.problem import Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.document.problem import Problems


def _offered(**versions: str) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(each.split()) for name, each in versions.items()})


_UBUNTU_22 = _offered(
    java="corretto25 corretto21 corretto17 corretto11 corretto8",
    golang="1.26 1.25 1.24 1.23 1.22 1.21 1.20",
    python="3.14 3.13 3.12 3.11 3.10 3.9",
    php="8.5 8.4 8.3 8.2",
    ruby="4.0 3.4 3.3 3.2 3.1",
    nodejs="24 22 20 18",
    dotnet="10.0 8.0 6.0",
)
_UBUNTU_24 = _offered(
    java="corretto25 corretto21 corretto17 corretto11 corretto8",
    golang="1.26 1.25 1.24",
    rust="1.93",
    python="3.14 3.13 3.12 3.11 3.10",
    php="8.5 8.4 8.3 8.2",
    ruby="4.0 3.4 3.3",
    nodejs="24 22",
    dotnet="10.0 8.0",
)
_UBUNTU_20 = _offered(
    java="corretto8 corretto11",
    golang="1.15 1.16",
    python="3.7 3.8 3.9",
    php="7.3 7.4 8.0",
    ruby="2.6 2.7",
    nodejs="12 14",
    dotnet="3.1 5.0",
)
_OF_2022 = {"java": "corretto17", "golang": "1.18", "php": "8.1", "ruby": "3.1", "nodejs": "16"}
_ARM_3 = {**_UBUNTU_22, "php": ("8.5", "8.4", "8.3", "8.2", "8.1"), "rust": ("1.94",)}
_ARM_3["docker"] = ("23",)

IMAGES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "standard:5.0": _UBUNTU_20,
        "standard:6.0": _offered(**_OF_2022, python="3.10", dotnet="6.0"),
        "standard:7.0": _UBUNTU_22,
        "standard:8.0": _UBUNTU_24,
        "amazonlinux2-x86_64-standard:4.0": _offered(
            **_OF_2022, python="3.9", dotnet="6.0", docker="20"
        ),
        "amazonlinux2-x86_64-standard:5.0": _UBUNTU_22,
        "amazonlinux-x86_64-standard:5.0": _UBUNTU_22,
        "amazonlinux-x86_64-standard:6.0": _UBUNTU_24,
        "amazonlinux2-aarch64-standard:3.0": _ARM_3,
        "amazonlinux-aarch64-standard:3.0": _ARM_3,
        "amazonlinux-aarch64-standard:4.0": {**_UBUNTU_24, "rust": ("1.94",), "docker": ("23",)},
    }
)
"""
What each image says it has, behind "aws/codebuild/".

Source: the images' own runtimes.yml, as published in April 2026.
"""

# What an image installs when it is asked for it.
# Source: user guide, "Runtime versions", "Custom runtime versions".
_CUSTOM: Mapping[str, str] = MappingProxyType(
    {
        "dotnet": r"\d+\.\d+\.\d+\S*",
        "golang": r"\d+\.\d+(\.\d+)?",
        "java": r"corretto\d+",
        "nodejs": r"\d+(\.\d+){0,2}",
        "php": r"\d+\.\d+\.\d+\S*",
        "python": r"\d+(\.\d+){0,2}",
        "ruby": r"\d+\.\d+\.\d+\S*",
        "rust": r"\d+(\.\d+){1,2}",
    }
)


def refused(image: str, name: str, version: str) -> str:
    """
    Give the service's words about a runtime that a curated image does not have; "" for none.

    Of an image that is not known, or a version that may have come since, nothing is said.

    Source: logs of the service; user guide, "Available runtimes".
    """
    offered = IMAGES.get(image.removeprefix(CURATED)) if image.startswith(CURATED) else None
    if offered is None or "$" in version:
        return ""
    versions = offered.get(name)
    if versions is None:
        return (
            f"Unknown runtime named '{name}'. "
            f"This build image has the following runtimes: {', '.join(offered)}"
        )
    beginning = re.fullmatch(r"(.+?)(?:\.[xX*])+", version)
    if version in versions or version == "latest":
        return ""
    if re.fullmatch(_CUSTOM.get(name, r"(?!)"), version):
        return ""
    if beginning and any(f"{v}.".startswith(f"{beginning[1]}.") for v in versions):
        return ""
    if _numbers(version) > max(map(_numbers, versions)):
        return ""
    return (
        f"Unknown runtime version named '{version}' of {name}. "
        f"This build image has the following versions: {', '.join(versions)}"
    )


def check_runtimes(image: Node | None, spec: Buildspec, problems: Problems) -> None:
    """Note what ``runtime-versions`` asks for and the image that a project names has not."""
    if image is None:
        return
    for phase in spec.phases:
        for name, version in phase.runtime_versions:
            said = refused(image.text, name, version.text)
            if said:
                problems.error(
                    "build/runtime-not-in-image",
                    f"{image.text} has no {name} {version.text}",
                    version.span,
                    hint="choose one of its own, or another image",
                    labels=(Label(span=image.span, text="the project's image"),),
                    note=f"YAML_FILE_ERROR Message: {said}",
                )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))
