"""How a deployment ended, or how far it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.errors import ExitCode
from cicd.ports import Level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.show import Presenter
    from cicd.deploy.result import DeploymentResult
    from cicd.event import JSON

_LEVELS = {
    "Succeeded": Level.SUCCESS,
    "Failed": Level.FAILURE,
    "Stopped": Level.WARNING,
    "Skipped": Level.WARNING,
}
_LONG = 200  # characters that are told twice
_TARGETS = {"ECS": "service", "Lambda": "function"}  # by compute platform; else instances


def finish(show: Presenter, result: DeploymentResult, *, told: bool = False) -> int:
    """
    Show how a deployment ended, and give its exit status.

    What went wrong was told in full when it happened: of what a script said the first words do,
    and why all of it ended so stands in the line before. ``told``: so does that it went well.
    """
    if not result.detail:
        result = replace(result, failure=None)
    words = result.failure.split("\n", 1) if result.failure else ()
    if words and len(words[0]) > _LONG:
        words = [f"{words[0][:_LONG].rsplit(' ', 1)[0]} …", *words[1:]]
    show_result(show, replace(result, failure="\n".join(words)), told=told)
    _whose_script(show, result)
    if result.rollback is not None:
        show_result(show, result.rollback)
        _whose_script(show, result.rollback)
    for fleet in result.left_fleets:
        show.text(
            f"the fleet {fleet}, copied for it, is left to be looked at: cicd fleet down {fleet}"
        )
    if result.last_good:
        show.text(
            f"'cicd deploy rollback {result.deployment_id}' deploys the revision of "
            f"{result.last_good} again, to all of them"
        )
    show.result(result.deployment)
    return ExitCode.SUCCEEDED if result.status == "Succeeded" else ExitCode.FAILED


def _whose_script(show: Presenter, result: DeploymentResult) -> None:
    """Say what helps where a script of the revision before failed: mending it does not."""
    from cicd.deploy.lifecycle import PREVIOUS_REVISION, LifecycleEvent

    failed, found = result.detail.get("lifecycleEventName"), result.detail.get("diagnostics")
    scripted = isinstance(found, dict) and bool(found.get("scriptName"))
    if not scripted or failed not in PREVIOUS_REVISION:
        return
    target = result.detail["targetId"]
    order = [event for known, event, _ in result.events if known == target]
    # With --events it may come when the new revision is there already.
    if LifecycleEvent.DOWNLOAD_BUNDLE not in order[: order.index(str(failed))]:
        show.text(
            "that script is of the revision that is installed, not of this one, where mending it "
            "would not help: --ignore-application-stop-failures goes on without it"
        )


def show_result(show: Presenter, result: DeploymentResult, *, told: bool = False) -> None:
    """Show how one deployment ended, or how far it is; of ``told`` success what is new in it."""
    plain = not result.failure and {"Succeeded"} == {status for _, status in result.targets}
    if told and plain and not result.left and result.status == "Succeeded":
        if result.endpoints or result.load_balancers:
            _show_targets(show, result)
        return
    if result.failure:
        show.text(result.failure, Level.FAILURE)
    _show_targets(show, result)
    failed = sum(status == "Failed" for _, status in result.targets)
    besides = (
        f", {failed} of {len(result.targets)} Failed"
        if result.status == "Succeeded" and failed
        else ""
    )
    information = info_of(result).get("errorInformation")
    code = f" {information['code']}" if isinstance(information, dict) else ""
    left = f", {result.left}" if result.left else ""
    show.text(
        f"{result.deployment_id}: {result.status}{code}{besides}{left}",
        _LEVELS.get(result.status, Level.INFO),
    )


def _show_targets(show: Presenter, result: DeploymentResult) -> None:
    """Show how each target ended, and where it and the load balancers are reached."""
    columns = (kind_of_target(result), "status", *(("endpoint",) if result.endpoints else ()))
    rows = [
        (name, status, result.endpoints.get(name, ""))[: len(columns)]
        for name, status in result.targets
    ]
    show.table(columns, rows)
    for name, address in result.load_balancers.items():
        show.text(f"{name} is {address}")


def kind_of_target(result: DeploymentResult) -> str:
    """Say what a deployment's targets are."""
    return _TARGETS.get(str(info_of(result)["computePlatform"]), "instance")


def info_of(result: DeploymentResult) -> Mapping[str, JSON]:
    """Give the ``deploymentInfo`` of a deployment."""
    info = result.deployment["deploymentInfo"]
    assert isinstance(info, dict), "made by deployment_info"
    return info
