"""``cicd function alias`` and ``list``: where aliases lead, and what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.offers import names
from cicd.cli.options import pair, shared_options
from cicd.cli.show.local_time import local_time
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.cli.invocation import Invocation
    from cicd.functions.function import Alias


@click.command(
    epilog="\b\nExamples:\n  cicd function alias greet live --version 1\n"
    "  cicd function alias greet live --version 1 --weight 2=0.1\n"
)
@click.argument("name", shell_complete=names("function"))
@click.argument("alias_name", metavar="ALIAS")
@click.option("--version", metavar="N", help="Where it points; it stays if there is none.")
@click.option(
    "--weight", "weights", multiple=True, metavar="N=W", help="Another version, from 0 to 1."
)
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--rm", "removed", is_flag=True, help="Take the alias away.")
@shared_options
def alias(
    invocation: Invocation,
    *,
    name: str,
    alias_name: str,
    version: str | None,
    weights: tuple[str, ...],
    description: str | None,
    removed: bool,
) -> int:
    """Point an alias to a version, or to two by weight; look at it when nothing is named."""
    from cicd.functions.run import Functions
    from cicd.functions.shapes import alias_shape

    with invocation.services() as services:
        functions = Functions(services)
        if removed:
            functions.remove_alias(name, alias_name)
            invocation.show.text(f"{name}: the alias {alias_name} is gone")
            return ExitCode.SUCCEEDED
        before = functions.find(name).aliases.get(alias_name)
        if version is None and not weights and description is None:
            made = functions.find(name).alias(alias_name)
        elif version is None and before is None:
            raise UsageError(
                f"{name} has no alias '{alias_name}'", hint="say --version, and it is made"
            )
        else:
            made = functions.put_alias(
                name,
                alias_name,
                version or (before.function_version if before else ""),
                _weights(weights),
                description=description,
            )
    invocation.show.text(f"{name}: {alias_name} is {routing(made)}")
    invocation.show.result(alias_shape(name, made))
    return ExitCode.SUCCEEDED


@click.command("list", epilog="\b\nExamples:\n  cicd function list\n  cicd function list greet\n")
@click.argument("name", required=False, shell_complete=names("function"))
@shared_options
def list_functions(invocation: Invocation, *, name: str | None) -> int:
    """List the functions; or one's versions and aliases."""
    from cicd.functions.run import Functions
    from cicd.functions.shapes import alias_shape, configuration_shape

    show = invocation.show
    with invocation.services() as services:
        functions = Functions(services)
        if name is None:
            every = functions.every()
        else:
            one = functions.find(name)
    if name is None:
        show.table(
            ("FUNCTION", "RUNTIME", "HANDLER", "VERSIONS", "ALIASES"),
            [
                (
                    each.name,
                    each.latest.configuration.runtime,
                    each.latest.configuration.handler,
                    ", ".join(version.version for version in each.versions) or "-",
                    ", ".join(sorted(each.aliases)) or "-",
                )
                for each in every
            ],
        )
        if not every:
            show.notice("no functions yet: cicd function create NAME")
        show.result({"Functions": [configuration_shape(each.name, each.latest) for each in every]})
        return ExitCode.SUCCEEDED
    versions = (one.latest, *one.versions)
    show.table(
        ("VERSION", "PUBLISHED", "RUNTIME", "HANDLER", "CODE"),
        [
            (
                each.version,
                local_time(each.last_modified),
                each.configuration.runtime,
                each.configuration.handler,
                each.code_sha256[:12],
            )
            for each in versions
        ],
    )
    found = [one.aliases[key] for key in sorted(one.aliases)]
    show.table(("ALIAS", "VERSION"), [(each.name, routing(each)) for each in found])
    show.result(
        {
            "Versions": [configuration_shape(name, each) for each in versions],
            "Aliases": [alias_shape(name, each) for each in found],
        }
    )
    return ExitCode.SUCCEEDED


def routing(alias: Alias) -> str:
    """Say where an alias leads: "90 % version 1, 10 % version 2"."""
    if not alias.additional:
        return f"version {alias.function_version}"
    others = sum(alias.additional.values())
    parts = [(alias.function_version, 1 - others), *alias.additional.items()]
    return ", ".join(f"{weight:.4g} % version {number}" for number, weight in _percent(parts))


def _percent(parts: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(number, round(weight * 100, 6)) for number, weight in parts]


def _weights(words: tuple[str, ...]) -> dict[str, float]:
    found = {}
    for word in words:
        number, weight = pair(word, "VERSION=WEIGHT", "--weight")
        try:
            found[number] = float(weight)
        except ValueError:
            raise UsageError(
                f"'{weight}' is not a weight", hint="write a number from 0 to 1, such as 2=0.1"
            ) from None
    return found
