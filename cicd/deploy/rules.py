"""What is right by the grammar of an AppSpec and still not what its writer wants."""

from __future__ import annotations

import posixpath
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from cicd.deploy.agent.install import absolute
from cicd.deploy.appspec.reader import read_appspec
from cicd.deploy.lifecycle import TOLERATED, TRAFFIC
from cicd.deploy.spec import DEFAULT_TIMEOUT, AppSpec, ComputePlatform, compute_platform
from cicd.document.rules import rule, run_rules
from cicd.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cicd.deploy.spec import HookScript
    from cicd.document.node import Node
    from cicd.document.problem import Problems


def check_appspec(node: Node, problems: Problems) -> AppSpec | None:
    """
    Read an AppSpec and run every rule; None for one that is not for servers.

    An ECS or Lambda AppSpec is not an error of the document: see ``refuse_platform``.
    """
    if compute_platform(node) is not ComputePlatform.SERVER:
        return None
    spec = read_appspec(node, problems)
    run_rules(RULES, spec, problems)
    return spec


def refuse_platform(node: Node) -> None:
    """Raise ``Unavailable`` for an AppSpec of ECS or Lambda, which are not deployed to here."""
    match compute_platform(node):
        case ComputePlatform.SERVER:
            return
        case ComputePlatform.ECS:
            raise Unavailable(
                f"'{node.span.source.name}' is for ECS: it comes as a service deployment, "
                "which is not run here yet",
                hint="deploy a server's AppSpec, with 'os: linux', 'files' and 'hooks'",
            )
        case ComputePlatform.LAMBDA:
            raise Unavailable(
                f"'{node.span.source.name}' is for Lambda: it comes as a function deployment, "
                "which is not run here yet",
                hint="deploy a server's AppSpec, with 'os: linux', 'files' and 'hooks'",
            )


@rule("deploy/event-timeout")
def event_timeout(spec: AppSpec, problems: Problems) -> None:
    """Scripts of one event may take 3600 seconds together; those without a timeout count 0."""
    for event, scripts in spec.hooks.items():
        given = [script.timeout for script in scripts if script.timeout_given]
        if sum(given, timedelta()) > DEFAULT_TIMEOUT:
            problems.warning(
                "deploy/event-timeout",
                f"the timeouts of '{event}' add up to more than 3600 seconds",
                scripts[0].span,
                note="a script is stopped after 3600 seconds whatever its timeout says",
            )


@rule("deploy/never-run")
def never_run(spec: AppSpec, problems: Problems) -> None:
    """Some events run no scripts: Install and DownloadBundle, and traffic without a balancer."""
    for event, scripts in spec.hooks.items():
        if not scripts:
            continue
        if event in TOLERATED:
            problems.warning("deploy/never-run", f"'{event}' never runs scripts", scripts[0].span)
        elif event in TRAFFIC:
            problems.warning(
                "deploy/never-run",
                f"'{event}' does not exist without a load balancer; its scripts are not run",
                scripts[0].span,
            )


@rule("deploy/script-arguments")
def script_arguments(spec: AppSpec, problems: Problems) -> None:
    """``location`` is a file's name: it takes no arguments, and the name no blanks."""
    for scripts in spec.hooks.values():
        for script in scripts:
            if any(character.isspace() for character in script.location):
                problems.warning(
                    "deploy/script-arguments",
                    f"'{script.location}' has a blank, at which the agent cuts it",
                    script.span,
                    hint="a script takes no arguments; write a script that passes them",
                )


@rule("deploy/destination-directory")
def destination_directory(spec: AppSpec, problems: Problems) -> None:
    """``destination`` is always a directory: a file cannot be renamed on the way."""
    for mapping in spec.files:
        name = posixpath.basename(mapping.source.rstrip("/"))
        if name and "." in name and mapping.destination.endswith(f"/{name}"):
            problems.warning(
                "deploy/destination-directory",
                f"'{mapping.destination}' becomes a directory that holds '{name}'",
                mapping.span,
                hint=f"write '{posixpath.dirname(mapping.destination) or '/'}'",
            )


@rule("deploy/relative-destination")
def relative_destination(spec: AppSpec, problems: Problems) -> None:
    """A destination that does not begin with a slash depends on where the agent was started."""
    for mapping in spec.files:
        if mapping.destination and not mapping.destination.startswith("/"):
            problems.warning(
                "deploy/relative-destination",
                f"'{mapping.destination}' is not an absolute path; it is taken from '/'",
                mapping.span,
                hint=f"write '{absolute(mapping.destination)}'",
            )


@rule("deploy/no-files")
def no_files(spec: AppSpec, problems: Problems) -> None:
    """Without ``files`` an Install removes everything that the last one put on the instance."""
    if not spec.files and spec.fault is None:
        problems.warning(
            "deploy/no-files",
            "there are no 'files': Install removes what the previous one put there",
            spec.span,
        )


@rule("deploy/lost-setuid")
def lost_setuid(spec: AppSpec, problems: Problems) -> None:
    """Owners are changed after modes, which takes setuid and setgid bits away again."""
    for permission in spec.permissions:
        mode = int(permission.mode or "0", 8)
        if mode & 0o6000 and (permission.owner or permission.group):
            problems.warning(
                "deploy/lost-setuid",
                f"the setuid or setgid bit of mode '{permission.mode}' is lost to chown",
                permission.span,
                hint="set it in an AfterInstall script",
            )


@rule("deploy/closed-directory")
def closed_directory(spec: AppSpec, problems: Problems) -> None:
    """Without a ``type`` a mode is given to directories, too, which then cannot be entered."""
    for permission in spec.permissions:
        if permission.type_given or permission.mode is None:
            continue
        if not int(permission.mode, 8) & 0o111:
            problems.warning(
                "deploy/closed-directory",
                f"mode '{permission.mode}' also closes the directories below "
                f"'{permission.object}'",
                permission.span,
                hint="add 'type: [file]'",
            )


RULES: Final = (
    event_timeout,
    never_run,
    script_arguments,
    destination_directory,
    relative_destination,
    no_files,
    lost_setuid,
    closed_directory,
)


def check_revision(spec: AppSpec, names: Collection[str], problems: Problems) -> None:
    """Note sources and scripts that are not in the revision, which a deployment finds late."""
    for mapping in spec.files:
        source = absolute(mapping.source).strip("/")
        below = source + "/"
        if source and source not in names and not any(n.startswith(below) for n in names):
            problems.warning(
                "deploy/missing-source",
                f"'{mapping.source}' is not in the revision",
                mapping.span,
                hint="no pattern is expanded here: name a file or a directory"
                if "*" in source
                else None,
                note="Install breaks off there, with what came before it already copied",
            )
    for script in _scripts(spec):
        location = absolute(script.location).strip("/")
        if location and location not in names:
            problems.warning(
                "deploy/missing-script",
                f"'{script.location}' is not in the revision",
                script.span,
                note="its event fails with ScriptMissing",
            )


def check_scripts(spec: AppSpec, executable: Mapping[str, bool], problems: Problems) -> None:
    """
    Note scripts that are not where the AppSpec was written, or not executable there.

    Args:
        spec: The AppSpec.
        executable: The files beside it that it names, as it does but for slashes around; and
            whether each is executable.
        problems: Where to note it.

    """
    for script in _scripts(spec):
        found = executable.get(script.location.strip("/"))
        if found is None:
            problems.warning(
                "deploy/missing-script",
                f"'{script.location}' is not beside the AppSpec",
                script.span,
                hint="name it as it is below the revision's root, or let the build put it there",
                note="without it the event fails with ScriptMissing",
            )
        elif not found:
            problems.warning(
                "deploy/script-not-executable",
                f"'{script.location}' is not executable",
                script.span,
                hint=f"chmod +x {script.location} and commit that; "
                f"git update-index --chmod=+x {script.location} where the disk cannot say it",
                note="the agent makes it executable itself, with a warning in its log",
            )


def _scripts(spec: AppSpec) -> Iterator[HookScript]:
    for scripts in spec.hooks.values():
        yield from scripts
