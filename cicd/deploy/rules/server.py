"""What is right by the grammar of a server's AppSpec and still not what its writer wants."""

from __future__ import annotations

import posixpath
from datetime import timedelta
from typing import TYPE_CHECKING

from cicd.deploy.agent.install import absolute
from cicd.deploy.lifecycle import SCRIPTABLE, TOLERATED, TRAFFIC
from cicd.deploy.spec import DEFAULT_TIMEOUT, WINDOWS
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.deploy.spec import AppSpec
    from cicd.document.problem import Problems


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
        elif event in TRAFFIC and event in SCRIPTABLE:
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
    if spec.os == WINDOWS:
        return
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
    if spec.os == WINDOWS:
        return
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


@rule("deploy/sudo-environment")
def sudo_environment(spec: AppSpec, problems: Problems) -> None:
    """``sudo`` starts a script without the variables that tell it about the deployment."""
    for scripts in spec.hooks.values():
        for script in scripts:
            if script.sudo:
                problems.remark(
                    "deploy/sudo-environment",
                    f"with 'sudo' the script '{script.location}' sees no DEPLOYMENT_ variables",
                    script.span,
                    hint="remove 'sudo': the agent runs as root, and 'runas' names another user",
                )
