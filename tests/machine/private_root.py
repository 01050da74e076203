"""A root of its own to try this machine itself on: what is written there is nowhere else."""

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

# The machine's own root is the lower layer, so everything that is installed is there.
_ENTER = """set -e
top=$1; shift
mount -t tmpfs none "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay none -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
cut -d' ' -f5 /proc/self/mountinfo | grep -E '^/[^/]+$' | while read -r place; do
  mount --rbind "$place" "$top/root$place"
done
exec chroot "$top/root" "$@"
"""


def run(top, *command, directory="/"):
    """Run a command with a private root that is mounted on the empty directory ``top``."""
    top.mkdir(exist_ok=True)
    enter = ("unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh")
    inside = ("sh", "-c", 'cd "$1"; shift; exec "$@"', "sh", str(directory))
    return subprocess.run(
        [*enter, str(top), *inside, *command], capture_output=True, text=True, check=False
    )


@cache
def works():
    """Tell whether this machine lets us make one: root on Linux, with overlays on its disk."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    top = Path("/tmp") / f"cicd-private-root-{os.getpid()}"
    try:
        return run(top, "true").returncode == 0
    finally:
        top.rmdir()
