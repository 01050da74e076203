"""``cicd function``: functions of this machine, their versions and aliases."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.cli.options import pair, shared_options
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cicd.cli.invocation import Invocation
    from cicd.functions.function import Alias, FunctionConfiguration
    from cicd.ports import Artifact, Services


@click.group(
    epilog="""\b
Examples:
  cicd function create greet --runtime python3.11 --handler app.handler --code src
  cicd function publish greet
  cicd function alias greet live --version 1 --weight 2=0.1
  cicd function invoke greet --qualifier live --payload '{"name": "Ada"}' --log
  cicd serve                                    for boto3 and 'aws --endpoint-url'
"""
)
def function() -> None:
    """Make functions and invoke them, as Lambda would, in processes of this machine."""


def _configuring(command: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.option("--runner", type=click.Choice(("host", "sandbox")), help="Where it runs."),
        click.option("--description", metavar="TEXT", help="What it is for."),
        click.option("--memory", type=int, metavar="MB", help="What it may use (128)."),
        click.option("--timeout", type=int, metavar="S", help="Seconds it may take (3)."),
        click.option("--env", "env", multiple=True, metavar="NAME=VALUE", help="May be repeated."),
    ):
        command = option(command)
    return command


@function.command(
    epilog="\b\nExample:\n  cicd function create greet --runtime nodejs20.x "
    "--handler index.handler --code src\n"
)
@click.argument("name")
@click.option("--runtime", required=True, metavar="NAME", help="python3.N or nodejsNN.x.")
@click.option("--handler", required=True, metavar="MODULE.FUNCTION", help="What is called.")
@click.option(
    "--code", required=True, type=click.Path(path_type=Path), help="A directory, or a zip."
)
@click.option("--publish", is_flag=True, help="Publish version 1 at once.")
@_configuring
@shared_options
def create(
    invocation: Invocation,
    *,
    name: str,
    runtime: str,
    handler: str,
    code: Path,
    publish: bool,
    env: tuple[str, ...],
    timeout: int | None,
    memory: int | None,
    description: str | None,
    runner: str | None,
) -> int:
    """Make a function of the code in a directory or a zip."""
    from cicd.functions.function import FunctionConfiguration
    from cicd.functions.run import Functions
    from cicd.functions.shapes import configuration_shape

    held = _configured(
        FunctionConfiguration(runtime=runtime, handler=handler),
        env=env,
        timeout=timeout,
        memory=memory,
        description=description,
        runner=runner,
    )
    with invocation.services() as services:
        functions = Functions(services)
        made = functions.create(name, held, _code(code, services))
        if publish:
            made = functions.publish(name)
    invocation.show.text(f"{name}: version {made.version}, {runtime}, {made.code_size} bytes")
    invocation.show.result(configuration_shape(name, made))
    return ExitCode.SUCCEEDED


@function.command(epilog="\b\nExample:\n  cicd function update greet --code src --publish\n")
@click.argument("name")
@click.option("--code", type=click.Path(path_type=Path), help="A directory, or a zip.")
@click.option("--runtime", metavar="NAME", help="python3.N or nodejsNN.x.")
@click.option("--handler", metavar="MODULE.FUNCTION", help="What is called.")
@click.option("--publish", is_flag=True, help="Publish a version of it at once.")
@_configuring
@shared_options
def update(
    invocation: Invocation,
    *,
    name: str,
    code: Path | None,
    runtime: str | None,
    handler: str | None,
    publish: bool,
    env: tuple[str, ...],
    timeout: int | None,
    memory: int | None,
    description: str | None,
    runner: str | None,
) -> int:
    """Give $LATEST other code or another configuration; --env replaces all variables."""
    from cicd.functions.run import Functions
    from cicd.functions.shapes import configuration_shape

    def configure(held: FunctionConfiguration) -> FunctionConfiguration:
        changed = replace(held, runtime=runtime or held.runtime, handler=handler or held.handler)
        return _configured(
            changed,
            env=env,
            timeout=timeout,
            memory=memory,
            description=description,
            runner=runner,
        )

    with invocation.services() as services:
        functions = Functions(services)
        functions.find(name)
        made = functions.update(name, configure, _code(code, services) if code else None)
        if publish:
            made = functions.publish(name)
    invocation.show.text(f"{name}: version {made.version}, {made.configuration.runtime}")
    invocation.show.result(configuration_shape(name, made))
    return ExitCode.SUCCEEDED


@function.command(epilog="\b\nExample:\n  cicd function publish greet\n")
@click.argument("name")
@click.option("--description", default="", metavar="TEXT", help="Of the version.")
@shared_options
def publish(invocation: Invocation, *, name: str, description: str) -> int:
    """Publish $LATEST as a version that never changes; the same code is not published twice."""
    from cicd.functions.run import Functions
    from cicd.functions.shapes import configuration_shape

    with invocation.services() as services:
        made = Functions(services).publish(name, description)
    invocation.show.text(f"{name}: version {made.version}, {made.code_sha256}")
    invocation.show.result(configuration_shape(name, made))
    return ExitCode.SUCCEEDED


@function.command(
    epilog='\b\nExample:\n  cicd function invoke greet --payload \'{"name": "Ada"}\' --log\n'
    "\nExit status: 0 it answered, 1 it raised, timed out, or ended.\n"
)
@click.argument("name")
@click.option(
    "--payload", default="", metavar="JSON|@FILE|-", help="The event; - is standard input ({})."
)
@click.option("--qualifier", default="", metavar="VERSION|ALIAS", help="Which ($LATEST).")
@click.option("--log", "with_log", is_flag=True, help="Show what it printed.")
@shared_options
def invoke(
    invocation: Invocation, *, name: str, payload: str, qualifier: str, with_log: bool
) -> int:
    """Invoke a function, and print what it answers."""
    from cicd.functions.run import Functions

    event = _payload(payload)
    with invocation.services() as services:
        functions = Functions(services)
        done = functions.invoke(functions.prepare(name, qualifier=qualifier, payload=event))
    if with_log:
        for line in done.answer.log.splitlines():
            invocation.show.notice(line)
    answered = done.answer.payload.decode("utf-8", "replace")
    invocation.show.text(answered, Level.FAILURE if done.answer.error else Level.INFO)
    invocation.show.result(
        {
            "StatusCode": 200,
            **({"FunctionError": done.answer.error} if done.answer.error else {}),
            "ExecutedVersion": done.version,
            "Payload": answered,
        }
    )
    return ExitCode.FAILED if done.answer.error else ExitCode.SUCCEEDED


@function.command(
    epilog="\b\nExamples:\n  cicd function alias greet live --version 1\n"
    "  cicd function alias greet live --version 1 --weight 2=0.1\n"
)
@click.argument("name")
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


@function.command(
    "list", epilog="\b\nExamples:\n  cicd function list\n  cicd function list greet\n"
)
@click.argument("name", required=False)
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
                f"{each.last_modified:%Y-%m-%d %H:%M:%S}",
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


@function.command(epilog="\b\nExample:\n  cicd function logs greet\n")
@click.argument("name")
@shared_options
def logs(invocation: Invocation, *, name: str) -> int:
    """Print what a function's invocations have logged, the oldest first."""
    from cicd.functions.run import Functions, stream_of

    with invocation.services() as services:
        Functions(services).find(name)
        for _, line in services.logs.read(stream_of(name)):
            invocation.show.text(line.text)
    return ExitCode.SUCCEEDED


@function.command("rm", epilog="\b\nExample:\n  cicd function rm greet --version 1\n")
@click.argument("name")
@click.option("--version", default="", metavar="N", help="This published version alone.")
@shared_options
def remove(invocation: Invocation, *, name: str, version: str) -> int:
    """Take a function away with its versions and aliases, or one version of it."""
    from cicd.functions.run import Functions

    with invocation.services() as services:
        Functions(services).remove(name, version)
    what = f"version {version} of {name}" if version else f"the function {name}"
    invocation.show.text(f"{what} is gone")
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


def _configured(
    held: FunctionConfiguration,
    *,
    env: tuple[str, ...],
    timeout: int | None,
    memory: int | None,
    description: str | None,
    runner: str | None,
) -> FunctionConfiguration:
    variables = dict(pair(each, "NAME=VALUE", "--env") for each in env)
    return replace(
        held,
        environment=variables if env else held.environment,
        timeout=held.timeout if timeout is None else timeout,
        memory_size=held.memory_size if memory is None else memory,
        description=held.description if description is None else description,
        runner=runner or held.runner,
    )


def _code(path: Path, services: Services) -> Artifact:
    from cicd.functions.code import read_code

    return read_code(path, services.artifacts)


def _payload(word: str) -> bytes:
    if word == "-":
        return sys.stdin.buffer.read()
    if word.startswith("@"):
        path = Path(word[1:])
        if not path.is_file():
            raise UsageError(f"there is no file '{path}'", hint="write --payload @FILE")
        return path.read_bytes()
    return word.encode()


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
