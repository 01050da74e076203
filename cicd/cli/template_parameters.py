"""``--parameter`` and ``--parameters``: values for a CloudFormation template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from cicd.cli.options import pair

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
R = TypeVar("R")


def parameter_options(command: Callable[P, R]) -> Callable[P, R]:
    """Add the two options, as ``parameters`` and ``parameters_file``."""
    for option in (
        click.option(
            "--parameters",
            "parameters_file",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False, exists=True),
            help="Parameters of a template: what the AWS CLI takes for --parameters or "
            "--parameter-overrides as file://FILE.",
        ),
        click.option(
            "--parameter",
            "parameters",
            metavar="NAME=VALUE",
            multiple=True,
            help="A parameter of a CloudFormation template; may be repeated.",
        ),
    ):
        command = option(command)
    return command


def given_parameters(pairs: tuple[str, ...], file: Path | None) -> Mapping[str, str]:
    """
    Give the values of both, those of ``--parameter`` winning.

    Raises:
        UsageError: A pair is not one.
        DocumentError: The file has neither of the known shapes.

    """
    given: dict[str, str] = {}
    if file is not None:
        from cicd.document.cloudformation.parameters_file import read_parameters

        given |= read_parameters(file, str(file))
    return given | dict(pair(each, "NAME=VALUE", "--parameter") for each in pairs)
