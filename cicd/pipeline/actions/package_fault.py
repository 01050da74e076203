"""An action that an installed package brings may break: whose fault that is, and where."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.errors import CicdError
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.result import ActionResult, FailureType, failed

if TYPE_CHECKING:
    from collections.abc import Callable


def faults_told(name: str, work: Callable[[], ActionResult]) -> ActionResult:
    """
    Have an action's work done; what a package breaks with fails the action, by the package's name.

    The words of what it raised are left out, as they may hold a secret. Whatever is raised by an
    action of our own, or says itself what to do, is raised on.
    """
    try:
        return work()
    except (CicdError, OSError):
        raise
    except Exception as crash:  # whatever other people's code breaks with
        if name in set(ACTIONS):
            raise
        package = ACTIONS.installed().get(name)
        if package is None:
            raise
        return failed(
            FailureType.JOB_FAILED,
            f"the package {package}, which brings {name}, {_how(crash)}",
            hint="this is a fault of the package and not of the pipeline: tell its authors",
        )


def _how(crash: Exception) -> str:
    if isinstance(crash, ImportError) and crash.name:
        return f"cannot be loaded: '{crash.name}' cannot be imported"
    last = traceback.extract_tb(crash.__traceback__)[-1]
    return f"broke: {type(crash).__name__} at {Path(last.filename).name}:{last.lineno}"
