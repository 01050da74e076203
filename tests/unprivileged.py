"""Rights that root has and others have not."""

import os
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def unprivileged():
    """Be somebody who owns nothing, where the tests are run by root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
