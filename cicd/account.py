"""The account and the Region that everything here is said to be in: ARNs need them."""

from __future__ import annotations

import os
from typing import Final

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"


def region() -> str:
    """Give the Region of builds and pipelines: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION
