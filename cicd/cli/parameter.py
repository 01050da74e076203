"""``cicd parameter``: what builds find in Parameter Store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.any_case import AnyCase
from cicd.cli.group import Commands
from cicd.cli.kept_values import forget, store_of
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.cli.values import SOURCES, read_value, say_value, value_options
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.cli.invocation import Invocation
    from cicd.store.secrets.content import StoredParameter


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd parameter put /app/db/password          asks for the value
  cicd parameter put /app/zones --type StringList --value a,b
  cicd parameter get /app/db/password --show
  cicd parameter get /app/db/password:1 --show its first version
  cicd parameter list /app --recursive

They are kept in .cicd/secrets.json, encrypted whatever their type. A buildspec names them under
env/parameter-store, and a build hides their values in its log.
""",
)
def parameter() -> None:
    """Keep parameters for builds, as Parameter Store would, encrypted on this machine."""


@parameter.command(
    epilog=f"""\b
Examples:
  cicd parameter put /web/url --value https://example.com
  cicd parameter put /web/token          asks for the value
\n{SOURCES}"""
)
@click.argument("name")
@value_options
@click.option(
    "--type",
    "kind",
    type=AnyCase(("String", "StringList", "SecureString")),
    help="What it is; SecureString if it is new, else as before.",
)
@click.option("--description", metavar="TEXT", help="What it is for.")
@shared_options
def put(
    invocation: Invocation,
    *,
    name: str,
    word: str | None,
    file: Path | None,
    value: str | None,
    kind: str | None,
    description: str | None,
) -> int:
    """
    Add a version to a parameter, new or not.

    Older versions stay: a buildspec can name one as NAME:VERSION.
    """
    from cicd.store.secrets.content import ParameterType
    from cicd.store.secrets.names import check_parameter

    check_parameter(name)
    show = invocation.show
    store = store_of(invocation)
    store.read()  # so that nobody types a value that cannot be kept
    text = read_value(f"parameter {name}", word=word, file=file, value=value, show=show)
    made = store.put_parameter(
        name, text, type_=ParameterType(kind) if kind else None, description=description
    )
    newest = made.versions[-1]
    show.text(f"parameter {name}: version {newest.version}, {newest.type}")
    show.result({"Version": newest.version, "Tier": "Standard"})
    return ExitCode.SUCCEEDED


@parameter.command(
    epilog="""\b
Examples:
  cicd parameter get /web/url --show         its value
  cicd parameter get /web/url:2              its second version
"""
)
@click.argument("name", metavar="NAME[:VERSION]")
@click.option("--show", "reveal", is_flag=True, help="Print the value, and nothing else.")
@shared_options
def get(invocation: Invocation, *, name: str, reveal: bool) -> int:
    """
    Tell what is known of a parameter; its value only with --show.

    That holds in pipes, too: what a script prints lands in logs. JSON is DescribeParameters'
    shape, and with --show GetParameter's.
    """
    from cicd.build.secrets.reference import parameter_version
    from cicd.store.secrets.shapes import described_parameter, parameter_value
    from cicd.store.secrets.source import find_parameter

    content = store_of(invocation).read()
    found = find_parameter(content, name)
    if found is None:
        plain, version = parameter_version(name)
        known = content.parameters.get(plain)
        if known is not None:
            raise UsageError(
                f"parameter '{plain}' has no version {version}",
                hint=f"cicd parameter get {plain} lists the versions",
            )
        raise UsageError(
            f"there is no parameter '{plain}'",
            hint=f"cicd parameter put {plain} --type SecureString",
        )
    parameter_, version_ = found
    show = invocation.show
    if reveal:
        value = content.parameter_value(parameter_.name, version_)
        if invocation.wants_json:
            show.result(parameter_value(parameter_, version_, value, _arn(parameter_)))
        else:
            say_value(value)
        return ExitCode.SUCCEEDED
    about = f": {parameter_.description}" if parameter_.description else ""
    show.text(f"parameter {parameter_.name}{about}")
    show.table(
        ("VERSION", "TYPE", "MODIFIED"),
        [
            (str(v.version), v.type.value, local_time(v.modified))
            for v in reversed(parameter_.versions)
        ],
    )
    show.notice("--show prints the value")
    show.result({"Parameters": [described_parameter(parameter_, _arn(parameter_))]})
    return ExitCode.SUCCEEDED


@parameter.command("list", epilog="\b\nExample:\n  cicd parameter list /web --recursive\n")
@click.argument("path", required=False)
@click.option("--recursive", is_flag=True, help="Also what is further below PATH.")
@shared_options
def list_parameters(invocation: Invocation, *, path: str | None, recursive: bool) -> int:
    """List the parameters, or those right below PATH; values are not shown."""
    from cicd.store.secrets.shapes import described_parameter

    if path is not None and not path.startswith("/"):
        raise UsageError(f"'{path}' is not a path", hint=f"write /{path}")
    content = store_of(invocation).read()
    names = [
        name for name in sorted(content.parameters) if _below(name, path, recursive=recursive)
    ]
    found = [content.parameters[name] for name in names]
    show = invocation.show
    show.table(
        ("PARAMETER", "TYPE", "VERSION", "MODIFIED", "DESCRIPTION"),
        [
            (
                each.name,
                each.versions[-1].type.value,
                str(each.versions[-1].version),
                local_time(each.versions[-1].modified),
                each.description,
            )
            for each in found
        ],
    )
    if not found:
        where = f" below {path}" if path else " yet: cicd parameter put NAME"
        show.notice(f"no parameters{where}")
    show.result({"Parameters": [described_parameter(each, _arn(each)) for each in found]})
    return ExitCode.SUCCEEDED


@parameter.command("rm", epilog="\b\nExample:\n  cicd parameter rm /web/url --yes\n")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def remove(invocation: Invocation, *, name: str, yes: bool) -> int:
    """Forget a parameter with all its versions, at once and for good."""
    return forget(
        invocation, "parameter", name, lambda content: content.parameters, lambda _: {}, yes=yes
    )


def _below(name: str, path: str | None, *, recursive: bool) -> bool:
    if path is None:
        return True
    root = path.rstrip("/") + "/"
    return name.startswith(root) and (recursive or "/" not in name[len(root) :])


def _arn(parameter_: StoredParameter) -> str:
    from cicd.account import ACCOUNT, region
    from cicd.store.secrets.shapes import parameter_arn

    return parameter_arn(parameter_, region(), ACCOUNT)
