"""What an AppSpec names, and whether it is where it says: in a revision, or beside the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.agent.install import absolute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from cicd.deploy.spec import AppSpec, HookScript
    from cicd.document.problem import Problems


def check_revision(spec: AppSpec, holds: Callable[[str], bool], problems: Problems) -> None:
    """
    Note sources and scripts that are not in the revision, which a deployment finds late.

    Args:
        spec: The AppSpec.
        holds: Tells whether the revision has a file, a link or a directory of that relative path.
        problems: Where to note it.

    """
    for mapping in spec.files:
        source = absolute(mapping.source).strip("/")
        if source and not holds(source):
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
        if location and not holds(location):
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
    scripts = tuple(_scripts(spec))
    if not executable and len(scripts) > 1:
        problems.warning(
            "deploy/missing-script",
            f"none of the {len(scripts)} scripts is beside the AppSpec",
            scripts[0].span,
            hint="is this the revision's root? Scripts are named relative to it",
            note="without them their events fail with ScriptMissing",
        )
        return
    for script in scripts:
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
