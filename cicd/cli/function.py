"""``cicd function``: functions of this machine, their versions and aliases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cicd.cli.function_alias import alias, list_functions
from cicd.cli.function_call import invoke, logs
from cicd.cli.group import Commands
from cicd.cli.offers import names
from cicd.cli.options import pair, shared_options
from cicd.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from cicd.cli.invocation import Invocation
    from cicd.functions.function import FunctionConfiguration
    from cicd.ports import Artifact, Services


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd function create greet --runtime python3.11 --handler app.handler --code src
  cicd function publish greet
  cicd function alias greet live --version 1 --weight 2=0.1
  cicd function invoke greet --qualifier live --payload '{"name": "Ada"}' --log
  cicd serve                                    for boto3 and 'aws --endpoint-url'
""",
)
def function() -> None:
    """Make functions and invoke them, as Lambda would, in processes or containers."""


_RUNNERS: Final = ("host", "sandbox", "docker")


def _configuring(command: Callable[..., int]) -> Callable[..., int]:
    # The figures are those of a new function; of one that is there, what is not said stays.
    for option in (
        click.option("--image", metavar="NAME", help="Of its containers, instead of the table's."),
        click.option(
            "--runner", type=click.Choice(_RUNNERS), help="Where it runs; at first host."
        ),
        click.option("--description", metavar="TEXT", help="What it is for."),
        click.option("--memory", type=int, metavar="MB", help="What it may use; at first 128."),
        click.option("--timeout", type=int, metavar="S", help="Seconds it may take; at first 3."),
        click.option("--env", "env", multiple=True, metavar="NAME=VALUE", help="May be repeated."),
    ):
        command = option(command)
    return command


@function.command(
    epilog="\b\nExample:\n  cicd function create greet --runtime nodejs20.x "
    "--handler index.handler --code src\n"
)
@click.argument("name", shell_complete=names("function"))
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
    image: str | None,
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
        image=image,
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
@click.argument("name", shell_complete=names("function"))
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
    image: str | None,
) -> int:
    """
    Give $LATEST other code or another configuration.

    What is not said stays as it is; --env replaces all variables.
    """
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
            image=image,
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
@click.argument("name", shell_complete=names("function"))
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


@function.command("rm", epilog="\b\nExample:\n  cicd function rm greet --version 1\n")
@click.argument("name", shell_complete=names("function"))
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


def _configured(
    held: FunctionConfiguration,
    *,
    env: tuple[str, ...],
    timeout: int | None,
    memory: int | None,
    description: str | None,
    runner: str | None,
    image: str | None,
) -> FunctionConfiguration:
    variables = dict(pair(each, "NAME=VALUE", "--env") for each in env)
    return replace(
        held,
        environment=variables if env else held.environment,
        timeout=held.timeout if timeout is None else timeout,
        memory_size=held.memory_size if memory is None else memory,
        description=held.description if description is None else description,
        runner=runner or held.runner,
        image=held.image if image is None else image,
    )


def _code(path: Path, services: Services) -> Artifact:
    from cicd.functions.code import read_code

    return read_code(path, services.artifacts)


for _command in (invoke, alias, list_functions, logs):
    function.add_command(_command)
