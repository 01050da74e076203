"""CodeDeployDefault.AllAtOnce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.strategies.rolling_window import RollingWindow

if TYPE_CHECKING:
    from cicd.deploy.config import MinimumHealthyHosts


def all_at_once(_minimum: MinimumHealthyHosts, total: int) -> RollingWindow:
    """Take all targets together; one success is enough. Source: "CodeDeployDefault.AllAtOnce"."""
    return RollingWindow(minimum=0, allowed=total)
