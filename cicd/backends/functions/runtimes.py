"""Which program of this machine is a runtime, and how it is started."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from cicd.errors import Unavailable

_HERE = Path(__file__).parent


@cache
def runtime_command(runtime: str) -> tuple[str, ...]:
    """
    Give the command line that runs handlers of ``runtime``, without its last word.

    Python of our own version is the one that runs us, where boto3 is if the extra ``aws`` is.

    Raises:
        Unavailable: It is not on this machine.

    """
    if runtime.startswith("python"):
        return (_python(runtime), "-u", str(_HERE / "runtime_python.py"))
    return (_node(runtime), str(_HERE / "runtime_node.mjs"))


def contained_command(runtime: str, runtimes: Path) -> tuple[str, ...]:
    """
    Give the command line that runs handlers of ``runtime`` in a container.

    Args:
        runtime: "python3.11", "nodejs20.x"; its own version is there, or the container ends.
        runtimes: Where this directory is mounted.

    """
    if runtime.startswith("python"):
        return (runtime, "-u", str(runtimes / "runtime_python.py"))
    wanted = runtime.removeprefix("nodejs").removesuffix(".x")
    check = 'case "$(node --version)" in "v$0".*) exec "$@";; esac; echo "no Node $0"; exit 1'
    return ("sh", "-c", check, wanted, "node", str(runtimes / "runtime_node.mjs"))


def _python(runtime: str) -> str:
    wanted = runtime.removeprefix("python")
    if wanted == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    found = shutil.which(runtime)
    said = _says(found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])")
    if found is None or said != wanted:
        raise Unavailable(
            f"there is no {runtime} on this machine",
            hint=f"install Python {wanted}, or give the function the runtime "
            f"python{sys.version_info.major}.{sys.version_info.minor}",
        )
    return found


def _node(runtime: str) -> str:
    wanted = runtime.removeprefix("nodejs").removesuffix(".x")
    for name in ("node", f"node{wanted}", f"node-{wanted}"):
        found = shutil.which(name)
        if found is not None and _says(found, "--version").partition(".")[0] == f"v{wanted}":
            return found
    other = _says(shutil.which("node"), "--version")
    hint = f"there is Node {other}: nodejs{other.partition('.')[0][1:]}.x" if other else None
    raise Unavailable(
        f"there is no Node {wanted} on this machine for {runtime}",
        hint=hint or f"install Node {wanted}",
    )


def _says(program: str | None, *arguments: str) -> str:
    if program is None:
        return ""
    done = subprocess.run((program, *arguments), capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
