"""Directories that are instances of deployments: what is in them was deployed, not written."""

from __future__ import annotations

import os
from typing import Final

AGENT_ROOT: Final = "/opt/codedeploy-agent/deployment-root"
"""Where the agent of an instance keeps what. Source: CodeDeploy User Guide, "Agent"."""


def is_instance(directory: str) -> bool:
    """Tell whether something was ever deployed to a directory as to an instance's root."""
    return os.path.lexists(f"{directory}{AGENT_ROOT}")
