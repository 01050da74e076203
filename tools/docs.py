"""
The documents that are made of the code: ``docs/rules.md``, of the rules' pages,
``docs/map.md``, of the files' first words, ``docs/traps.md``, of the tests of builds,
``docs/from-aws.md``, of the tables of fidelity, and ``docs/commands.md``, of the commands' help.

    python tools/docs.py    # write them anew
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cicd.build.ledger import BUILDSPEC_ROWS, GROUP_ROWS, PROJECT_ROWS
from cicd.build.ledger_entry import Effect
from cicd.cli.commands import cicd
from cicd.lint.explain import explain, rule_names
from cicd.pipeline.fidelity import STANDINGS

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent.parent
PACKAGE = HERE / "cicd"
RULES = """# Rules

What `cicd` checks in a document, by the name that a problem shows: why, a bad and a good example,
and the source. `cicd lint --explain RULE` prints the same.
This page is made by `./run docs` of the pages in `cicd/lint/pages/`.
"""

MAP = """# The map

Every file of `cicd`, room by room, in its own first words.
This page is made by `./run docs`; [architecture.md](architecture.md) says what the rooms are.
"""


TRAPS = """# The traps of builds

What surprises people about CodeBuild, and holds here as it does there: each is a test.
This page is made by `./run docs` of `tests/build/`.

| trap | what holds | test |
| --- | --- | --- |
"""


FROM_AWS = """# From AWS to here

Documents of AWS are read unchanged. What each action of a pipeline does here, and which keys of
a build have no effect here or another, stands below. Keys that are not in the table do what they
do there. For one build, `cicd build --ledger` says it of that build's own documents; for
deployments, [deploy.md](deploy.md) does.
This page is made by `./run docs` of what the code itself goes by.

## What is where

| there | here |
| --- | --- |
| `aws codebuild start-build` | `cicd build` |
| `aws codebuild batch-get-builds` | `cicd builds show ID --output json` |
| `aws codepipeline start-pipeline-execution` | `cicd pipeline run` |
| `aws codepipeline get-pipeline-execution` | `cicd pipeline status ID --output json` |
| `aws codepipeline put-approval-result` | `cicd pipeline approve ID ACTION` |
| `aws deploy create-deployment` | `cicd deploy` |
| `aws deploy get-deployment` | `cicd deploy status ID --output json` |
| `aws ssm put-parameter` | `cicd parameter put NAME` |
| `aws secretsmanager create-secret` | `cicd secret put NAME` |
| `aws lambda create-function` | `cicd function create NAME` |
| `aws lambda invoke` | `cicd function invoke NAME` |
| `aws cloudwatch set-alarm-state` | `cicd alarm set-state NAME STATE` |
| `aws cloudwatch get-metric-data` | `cicd metrics` |
| `aws cloudtrail lookup-events` | `cicd audit` |
| rules of EventBridge | `local.subscribers` of `cicd.yml`, `cicd events tail` |
| the SDKs, and `aws` itself | `cicd serve`, which answers their calls with `--endpoint-url` |
| projects, applications, deployment groups | `cicd.yml`, in the shapes of the API |
| the console | `cicd status`, `cicd logs` |
"""

_EFFECTS = {Effect.NONE: "no effect", Effect.APPROXIMATED: "approximated"}

COMMANDS = """# Every command

What `--help` says of each, with examples; the pages in [the README](../README.md) explain.
This page is made by `./run docs` of the commands themselves.
"""


def from_aws() -> str:
    """Give the tables of what is the same, approximated, refused, and without effect."""
    actions = [
        f"| `{name}` | {standing.fidelity} | {_cell(standing.words)} |"
        for name, standing in sorted(STANDINGS.items())
    ]
    keys = [
        f"| `{'.'.join(row.path)}` | {_EFFECTS[row.effect]} | {_cell(row.why)} |"
        for row in sorted((*BUILDSPEC_ROWS, *PROJECT_ROWS, *GROUP_ROWS), key=lambda row: row.path)
    ]
    return "\n".join(
        [
            FROM_AWS,
            "## Actions of a pipeline\n",
            "| action | here it | how |\n| --- | --- | --- |",
            *actions,
            "\n## Keys of a buildspec and a project\n",
            "| key | here | why |\n| --- | --- | --- |",
            *dict.fromkeys(keys),
            "",
        ]
    )


def commands() -> str:
    """Give the help of every command, the inner ones below theirs."""
    return "\n".join([COMMANDS, *_helped(cicd, None, "cicd")])


def _helped(command: click.Command, above: click.Context | None, name: str) -> Iterator[str]:
    settings = {"max_content_width": 99, **command.context_settings}
    context = click.Context(command, info_name=name, parent=above, **settings)
    context.terminal_width = 99
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            inner = command.get_command(context, each)
            if inner is not None:
                yield from _helped(inner, context, each)


def _cell(words: str) -> str:
    return " ".join(words.split()).replace("|", "\\|")


def rules() -> dict[str, str]:
    """Give the page of every rule, by name, in order: what ``cicd lint --explain`` prints."""
    return {name: explain(name).text for name in rule_names()}


def first_words(path: Path) -> str:
    """Give the first paragraph of a file's docstring, in Markdown."""
    words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = " ".join(words.split("\n\n")[0].split())
    return line.replace("``", "`").replace("|", "\\|")


def room(directory: Path) -> str:
    """Give the table of one folder's files."""
    rows = [
        f"| `{path.name}` | {first_words(path)} |"
        for path in sorted(directory.glob("*.py"))
        if path.name != "__init__.py"
    ]
    title = directory.relative_to(HERE).as_posix()
    opening = f"## {title}\n\n{first_words(directory / '__init__.py')}\n"
    return "\n".join([opening, "| file | what |", "| --- | --- |", *rows]) + "\n"


def traps() -> str:
    """Give a row for each test of ``tests/build`` that says whose trap it is, by number."""
    rows: list[tuple[int, str, str]] = []
    for path in sorted((HERE / "tests" / "build").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            named = re.match(r"test_trap_(\d+)_(.*)", node.name)
            told = re.match(r"Trap (\d+)\.", ast.get_docstring(node) or "")
            if named is None and told is None:
                continue
            number, words = (
                (int(named[1]), named[2])
                if named is not None
                else (int(told[1]) if told else 0, node.name.removeprefix("test_"))
            )
            where = path.relative_to(HERE / "tests").as_posix()
            rows.append((number, words.replace("_", " "), where))
    return TRAPS + "".join(
        f"| {number} | {words} | `{where}` |\n" for number, words, where in sorted(rows)
    )


def pages() -> dict[Path, str]:
    """Give every generated document and the text it must have."""
    checked = [RULES, *(f"## {name}\n\n{words}" for name, words in rules().items())]
    folders = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))
    return {
        HERE / "docs" / "rules.md": "\n".join(checked),
        HERE / "docs" / "map.md": "\n".join([MAP, *map(room, folders)]),
        HERE / "docs" / "traps.md": traps(),
        HERE / "docs" / "from-aws.md": from_aws(),
        HERE / "docs" / "commands.md": commands(),
    }


def main() -> None:
    """Write them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
