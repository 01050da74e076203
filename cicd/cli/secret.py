"""``cicd secret``: what builds find in Secrets Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cicd.cli.group import Commands
from cicd.cli.kept_values import forget, store_of
from cicd.cli.options import shared_options
from cicd.cli.show.local_time import local_time
from cicd.cli.values import SOURCES, read_value, say_value, value_options
from cicd.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.cli.invocation import Invocation
    from cicd.store.secrets.content import StoredSecret


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  cicd secret put team/bot               asks for the value
  cicd secret put team/bot:user -        one key of it, from standard input
  cicd secret put tls/key --file key.pem
  cicd secret get team/bot:user --show
  cicd secret list

They are kept in .cicd/secrets.json, encrypted; the key is in ~/.local/share/cicd/key, or made
from CICD_PASSPHRASE. A buildspec names them under env/secrets-manager.
""",
)
def secret() -> None:
    """Keep secrets for builds, as Secrets Manager would, encrypted on this machine."""


@secret.command(
    epilog=f"""\b
Examples:
  cicd secret put team/bot               asks for the value
  cicd secret put team/bot:user -        one key of it, from standard input
\n{SOURCES}"""
)
@click.argument("name", metavar="NAME[:KEY]")
@value_options
@click.option(
    "--stage",
    "stages",
    metavar="LABEL",
    multiple=True,
    help="Labels of the new version instead of AWSCURRENT; may be repeated.",
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
    stages: tuple[str, ...],
    description: str | None,
) -> int:
    """
    Add a version to a secret, new or not.

    It becomes AWSCURRENT, and what was that AWSPREVIOUS. With KEY, the secret is a JSON object
    and only that key of it changes.
    """
    from cicd.build.secrets.reference import CURRENT, read_secret_reference
    from cicd.store.secrets.shapes import put_secret_answer

    asked = read_secret_reference(name)
    if asked.version_id or asked.version_stage != CURRENT:
        raise UsageError(
            f"'{name}' names a version, and a new one is to be made",
            hint=f"write {asked.name}, with --stage for its labels",
        )
    show = invocation.show
    store = store_of(invocation)
    store.read()  # so that nobody types a value that cannot be kept
    text = read_value(f"secret {name}", word=word, file=file, value=value, show=show)
    made = store.put_secret(
        asked.name, text, json_key=asked.json_key, stages=stages, description=description
    )
    newest = made.versions[-1]
    show.text(f"secret {made.name}: version {newest.id} is {', '.join(newest.stages)}")
    show.result(put_secret_answer(made, _arn(made)))
    return ExitCode.SUCCEEDED


@secret.command(
    epilog="""\b
Examples:
  cicd secret get team/bot                   its versions and labels
  cicd secret get team/bot:user --show       one key's value
"""
)
@click.argument("reference", metavar="NAME[:KEY[:STAGE[:ID]]]")
@click.option("--stage", metavar="LABEL", help="The version with this label.")
@click.option("--version-id", metavar="ID", help="This version.")
@click.option("--show", "reveal", is_flag=True, help="Print the value, and nothing else.")
@shared_options
def get(
    invocation: Invocation,
    *,
    reference: str,
    stage: str | None,
    version_id: str | None,
    reveal: bool,
) -> int:
    """
    Tell what is known of a secret; its value only with --show.

    That holds in pipes, too: what a script prints lands in logs. JSON is DescribeSecret's
    shape, and with --show GetSecretValue's.
    """
    from dataclasses import replace

    from cicd.build.secrets.reference import read_secret_reference, under_key
    from cicd.store.secrets.shapes import described_secret, secret_value

    asked = read_secret_reference(reference)
    if stage and version_id:
        raise UsageError("--stage and --version-id exclude each other", hint="leave one out")
    if stage or version_id:
        asked = replace(asked, version_stage=stage or "", version_id=version_id or "")
    content = store_of(invocation).read()
    found = content.secrets.get(asked.name)
    if found is None:
        raise UsageError(
            f"there is no secret '{asked.name}'", hint=f"cicd secret put {asked.name}"
        )
    version = found.version(stage=asked.version_stage, id_=asked.version_id)
    if version is None:
        raise UsageError(
            f"secret '{asked.name}' has no version {asked.version_id or asked.version_stage}",
            hint=f"cicd secret get {asked.name} lists the versions",
        )
    show = invocation.show
    if reveal:
        value = content.secret_value(version)
        if asked.json_key:
            value = under_key(
                value, asked, hint=f"cicd secret put '{asked.name}:{asked.json_key}'"
            )
        if invocation.wants_json:
            show.result(secret_value(found, version, value, _arn(found)))
        else:
            say_value(value)
        return ExitCode.SUCCEEDED
    show.text(f"secret {found.name}" + (f": {found.description}" if found.description else ""))
    show.table(
        ("VERSION", "STAGES", "CREATED"),
        [
            (v.id, ", ".join(v.stages) or "-", local_time(v.created))
            for v in reversed(found.versions)
        ],
    )
    show.notice("--show prints the value")
    show.result(described_secret(found, _arn(found)))
    return ExitCode.SUCCEEDED


@secret.command("list", epilog="\b\nExample:\n  cicd secret list\n")
@shared_options
def list_secrets(invocation: Invocation) -> int:
    """List the secrets by name; values are not shown."""
    from cicd.store.secrets.shapes import listed_secret

    content = store_of(invocation).read()
    found = [content.secrets[name] for name in sorted(content.secrets)]
    show = invocation.show
    show.table(
        ("SECRET", "VERSIONS", "CHANGED", "DESCRIPTION"),
        [
            (
                each.name,
                str(len(each.versions)),
                local_time(each.versions[-1].created),
                each.description,
            )
            for each in found
        ],
    )
    if not found:
        show.notice("no secrets yet: cicd secret put NAME")
    show.result({"SecretList": [listed_secret(each, _arn(each)) for each in found]})
    return ExitCode.SUCCEEDED


@secret.command("rm", epilog="\b\nExample:\n  cicd secret rm team/bot --yes\n")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@shared_options
def remove(invocation: Invocation, *, name: str, yes: bool) -> int:
    """Forget a secret with all its versions, at once and for good."""
    return forget(
        invocation,
        "secret",
        name,
        lambda content: content.secrets,
        lambda found: {"ARN": _arn(found), "Name": name},
        yes=yes,
    )


def _arn(secret: StoredSecret) -> str:
    from cicd.account import ACCOUNT, region
    from cicd.store.secrets.shapes import secret_arn

    return secret_arn(secret, region(), ACCOUNT)
