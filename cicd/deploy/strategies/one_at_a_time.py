"""CodeDeployDefault.OneAtATime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.deploy.strategies.rolling_window import RollingWindow

if TYPE_CHECKING:
    from cicd.deploy.config import MinimumHealthyHosts


def one_at_a_time(_minimum: MinimumHealthyHosts, total: int) -> RollingWindow:
    """
    Take one target after the other; only the last of several may fail.

    Source: CodeDeploy User Guide, "CodeDeployDefault.OneAtATime".
    """
    return RollingWindow(minimum=total - 1, allowed=1)
