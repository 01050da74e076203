"""
The commands by name, and one line of help each.

A command's own module is imported when it is asked for, so that ``--help`` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from cicd import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "init": ("cicd.cli.init:init", "Write the documents that a repository begins with."),
    "status": ("cicd.cli.home.status:status", "Show how everything stands, on one screen."),
    "build": ("cicd.cli.build:build", "Run a buildspec here, as CodeBuild would."),
    "builds": ("cicd.cli.builds:builds", "Look at builds, resume or stop them."),
    "reports": ("cicd.cli.reports:reports", "Look at test reports and code coverage."),
    "batches": ("cicd.cli.batches:batches", "Look at batch builds, stop them, try them again."),
    "pipeline": ("cicd.cli.pipeline:pipeline", "Run a pipeline here, as CodePipeline would."),
    "deploy": ("cicd.cli.deploy:deploy", "Deploy a revision, as CodeDeploy would."),
    "fleet": ("cicd.cli.fleet:fleet", "Make instances to deploy to; scale them, end them."),
    "service": ("cicd.cli.service:service", "Look at services, remove one for good."),
    "router": ("cicd.cli.router:router", "Look at load balancers, stop them."),
    "function": ("cicd.cli.function:function", "Make functions and invoke them, as Lambda would."),
    "serve": ("cicd.cli.serve:serve", "Answer AWS's own calls, for boto3 and aws."),
    "alarm": ("cicd.cli.alarm:alarm", "Look at the alarms that stop deployments; set one."),
    "logs": ("cicd.cli.home.logs:logs", "Print what a run printed, whatever kind it is."),
    "images": ("cicd.cli.images:images", "Say which image stands in for a curated one."),
    "secret": ("cicd.cli.secret:secret", "Keep secrets for builds, encrypted."),
    "parameter": ("cicd.cli.parameter:parameter", "Keep parameters for builds, encrypted."),
    "events": ("cicd.cli.events:events", "Look at events, as EventBridge would carry them."),
    "metrics": ("cicd.cli.metrics:metrics", "Count runs, durations and failures."),
    "audit": ("cicd.cli.audit:audit", "Look at who asked for what; find tampering."),
    "artifact": ("cicd.cli.artifact:artifact", "Look at artifacts; fetch or remove them."),
    "cache": ("cicd.cli.cache:cache", "Look at the caches of builds, or remove them."),
    "prune": ("cicd.cli.home.prune:prune", "Remove old logs, artifacts and caches."),
    "state": ("cicd.cli.home.state:state", "Check the home, back it up, or restore it."),
    "lint": ("cicd.cli.lint:lint", "Check buildspecs, appspecs, pipelines and cicd.yml."),
    "check": ("cicd.cli.checks.check:check", "Check the commits that a push would send."),
    "hooks": ("cicd.cli.checks.hooks:hooks", "Put cicd check before every git push."),
    "schema": ("cicd.cli.schema:print_schema", "Print a JSON Schema, for editors."),
    "doctor": ("cicd.cli.doctor:doctor", "Check this machine; remove what dead runs left."),
    "completion": ("cicd.cli.completion:completion", "Print a shell's completion script."),
}

EPILOG = """\b
Examples:
  cicd build                     run ./buildspec.yml in a container
  cicd build --runner sandbox    the same, without a container engine
  cicd pipeline run              run the pipeline of this repository
  cicd deploy out.zip --instance web-1=/tmp/web-1 --strategy OneAtATime
  cicd lint                      check every document of this repository

Exit status: 0 it succeeded, 1 it ran and did not, 2 usage, 3 a document is invalid,
4 this machine cannot do it now, 130 interrupted.
"""


class LazyGroup(click.Group):
    """A group whose commands are imported when asked for, and listed without."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        return cast("click.Command", getattr(import_module(module), attribute))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the commands of the table, importing none; and the options."""
        from click.shell_completion import CompletionItem

        offered = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*offered, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            from cicd.errors import UsageError
            from cicd.nearest import closest

            near = closest(name, COMMANDS)
            raise UsageError(
                f"'{name}' is not a command of cicd",
                hint=f"did you mean '{near}'?" if near else "'cicd --help' lists the commands",
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with the help of the table."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 99},
)
@click.version_option(__version__, "-V", "--version", message="cicd %(version)s")
def cicd() -> None:
    """AWS's CI/CD suite on your own machine: CodeBuild, CodePipeline and CodeDeploy, offline."""
