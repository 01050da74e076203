"""An action that an installed package brings may break: whose fault that is, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.result import ActionResult, FailureType, failed
from cicd.registry import BrokenPackage

if TYPE_CHECKING:
    from collections.abc import Callable


def faults_told(name: str, work: Callable[[], ActionResult]) -> ActionResult:
    """
    Have an action's work done; what a package breaks with fails the action, by the package's name.

    Whatever is raised by an action of our own, or says itself what to do, is raised on.
    """
    try:
        return work()
    except BrokenPackage as broken:
        return _failed(broken)
    except (CicdError, OSError):
        raise
    except Exception as crash:  # whatever other people's code breaks with
        if name in set(ACTIONS):
            raise
        package = ACTIONS.installed().get(name)
        if package is None:
            raise
        return _failed(BrokenPackage(package, name, crash))


def _failed(broken: BrokenPackage) -> ActionResult:
    return failed(FailureType.JOB_FAILED, broken.message, hint=broken.hint or "")
