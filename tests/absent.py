"""What a test needs and this machine has not."""

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skip; fail where the tests that need an engine are required, as in CI."""
    if os.environ.get("CICD_REQUIRE_DOCKER") == "1":
        pytest.fail(f"CICD_REQUIRE_DOCKER=1, but {reason}")
    pytest.skip(reason)
