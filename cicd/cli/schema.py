"""``cicd schema``."""

from __future__ import annotations

import json

import click

from cicd.errors import ExitCode
from cicd.lint.schemas import KINDS, schema


@click.command(
    epilog="""\b
Example:
  cicd schema buildspec > .vscode/buildspec.schema.json

\b
And, in a document, for the YAML language server of an editor:
  # yaml-language-server: $schema=.vscode/buildspec.schema.json
"""
)
@click.argument("kind", type=click.Choice(KINDS))
def print_schema(kind: str) -> int:
    """Print the JSON Schema of a kind of document, for editors to complete and to check."""
    click.echo(json.dumps(schema(kind), indent=2))
    return ExitCode.SUCCEEDED
