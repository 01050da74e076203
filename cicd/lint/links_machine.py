"""Whether a project's environment can do what its buildspec asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.build.images.runtimes import check_runtimes
from cicd.build.spec import WINDOWS_SHELLS, OnFailure
from cicd.document.position import brief
from cicd.document.problem import Label

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.node import Node
    from cicd.document.problem import Problems

_ARM: Final = ("aarch64", "arm64")
_X86: Final = ("x86_64", "amd64")


def check(
    image: Node | None,
    kind: Node | None,
    fleet: Node | None,
    spec: Buildspec,
    problems: Problems,
) -> None:
    """Note what a buildspec asks for that an image, a type or a fleet has not."""
    _retries(kind, fleet, spec, problems)
    if kind is not None:
        _shell(kind, spec, problems)
        if image is not None:
            _processor(image, kind, problems)
    on_lambda = kind is not None and "LAMBDA" in kind.text
    if not on_lambda:
        check_runtimes(image, spec, problems)
    if image is None or (image.text.startswith("aws/codebuild/") and not on_lambda):
        return
    why = "a build on Lambda has" if on_lambda else "only AWS's own images have runtimes"
    for phase in spec.phases:
        for name, version in phase.runtime_versions[:1]:
            problems.warning(
                "links/runtime-without-image",
                f"'{brief(image.text)}' selects no '{name}': "
                + (f"{why} the one of its image" if on_lambda else why),
                image.span,
                hint="use an image of aws/codebuild, or one that holds the version",
                labels=(Label(span=version.span, text="asked for here"),),
                note="Skipping install of runtimes. Runtime version selection is not supported "
                "by this build image",
            )


def _retries(kind: Node | None, fleet: Node | None, spec: Buildspec, problems: Problems) -> None:
    """Source: user guide, "phases/*/on-failure"."""
    on_lambda = kind is not None and "LAMBDA" in kind.text
    place = kind if on_lambda else fleet
    if place is None:
        return
    for phase in spec.phases:
        asked = phase.on_failure
        if asked is not None and asked.action is OnFailure.RETRY:
            problems.warning(
                "links/no-retry-there",
                f"the service runs no build again {'on Lambda' if on_lambda else 'on a fleet'}",
                asked.span,
                hint="the project's 'autoRetryLimit' starts a new build instead",
                labels=(Label(span=place.span, text="the project's builds run there"),),
            )


def _shell(kind: Node, spec: Buildspec, problems: Problems) -> None:
    env = spec.node.entries.get("env")
    asked = env is not None and "shell" in env.value.entries
    windows = kind.text.startswith("WINDOWS")
    if asked and windows is not (spec.shell in WINDOWS_SHELLS):
        problems.warning(
            "links/shell-of-another-system",
            f"the buildspec asks for '{spec.shell}', which {kind.text} has not",
            kind.span,
            hint="Windows has powershell.exe and cmd.exe; the others have sh and bash",
            labels=(Label(span=spec.shell_span, text="asked for here"),),
        )


def _processor(image: Node, kind: Node, problems: Problems) -> None:
    arm = any(word in image.text for word in _ARM) and kind.text.startswith("LINUX")
    x86 = any(word in image.text for word in _X86) and kind.text.startswith("ARM")
    if arm or x86:
        right = "ARM_CONTAINER" if arm else "LINUX_CONTAINER"
        problems.warning(
            "links/image-of-another-processor",
            f"'{brief(image.text)}' does not run on {kind.text}",
            image.span,
            hint=f"write type: {right}, or take another image",
        )
