"""Reports that no report group names: which files to look at, and what they are. Pure."""

from __future__ import annotations

import posixpath
import re
from shlex import quote
from typing import TYPE_CHECKING

from cicd.build.artifacts.patterns import base_directories, is_pattern, normal, select

if TYPE_CHECKING:
    from collections.abc import Sequence

SWITCH = "CODEBUILD_CONFIG_AUTO_DISCOVER"
DIRECTORY = "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR"
EVERYTHING = "**/*"
SECONDS = 5  # for looking
TIMED_OUT = 124  # what `timeout` ends with
MAX_FOUND = 1000  # files
HEAD = 64 * 1024  # bytes that say what a file is

# Other people's code and git's own files: nothing that this build's tests have written, and
# what takes a search its time.
_OTHERS = ("node_modules", ".git", ".cicd", ".venv", "site-packages", "bower_components", ".tox")
_ROOTS = "testsuites?|testng-results|TestRun|test-results|test-run|coverage|report"
_BY_ROOT = {
    "testsuites": "JUNITXML",
    "testsuite": "JUNITXML",
    "testng-results": "TESTNGXML",
    "TestRun": "VISUALSTUDIOTRX",
    "test-results": "NUNITXML",
    "test-run": "NUNIT3XML",
}
_PROLOG = {"<!--": "-->", "<?": "?>", "<!": ">"}  # what may stand before the root, and its end
_ROOT = re.compile(r"<([A-Za-z_][^\s/>]*)([^>]*)")


def search_script(root: str) -> str:
    """
    Give the script that prints the files below ``root`` that may be reports, a line each.

    Their names choose first, then the name of their root element; needs find and grep, and
    takes five seconds at most where there is ``timeout``.
    The shell's own variables ``SWITCH`` and ``DIRECTORY`` say whether and where to look.
    """
    return (
        f"case ${{{SWITCH}-}} in [Ff][Aa][Ll][Ss][Ee]) exit 0 ;; esac\n"
        f"cd {quote(root)} || exit 0\n"
        "unset IFS\n"
        "limit=\n"
        f"command -v timeout >/dev/null 2>&1 && limit='timeout {SECONDS}'\n"
        "set -- -name ''\n"
        f"for others in {' '.join(_OTHERS)}; do\n"
        f'case ${{{DIRECTORY}-}} in *"$others"*) ;; *) set -- "$@" -o -name "$others" ;; esac\n'
        "done\n"
        # The names first: they alone can be told without a look at each file.
        """$limit find . -type d '(' "$@" ')' -prune -o -type f '(' -name '*.xml' """
        "-o -name '*.trx' -o -name .resultset.json -o -name '*cucumber*.json' ')' "
        "-size -65536k '(' -name '*.json' -print "
        f"-o -exec grep -lE '<({_ROOTS})([[:space:]/>]|$)' '{{}}' + ')' 2>/dev/null\n"
        f"[ $? != {TIMED_OUT} ] || exit {TIMED_OUT}\n"
    )


def found_in(output: str) -> tuple[str, ...]:
    """Give the paths that the script has printed, relative, sorted, a thousand at most."""
    found = {line.removeprefix("./") for line in output.split("\n") if line.startswith("./")}
    return tuple(sorted(found)[:MAX_FOUND])


def patterns_of(directory: str) -> tuple[str, ...]:
    """Give the patterns that the variable for the directory means."""
    wanted = directory.strip() or EVERYTHING
    return (wanted,) if is_pattern(wanted) else (f"{wanted.rstrip('/')}/**/*",)


def is_off(value: str) -> bool:
    """Tell whether the switch is turned off: "false", in any case."""
    return value.strip().lower() == "false"


def file_format_of(path: str, head: bytes) -> str | None:
    """Say which format a file has, by its name and its first 64 KiB; None: none of ours."""
    name = path.rpartition("/")[2]
    text = head.decode("utf-8", errors="replace")
    if name.endswith(".json"):
        if name == ".resultset.json":
            return "SIMPLECOV"
        return "CUCUMBERJSON" if re.match(r'\s*\[\s*\{.*"elements"', text, re.DOTALL) else None
    root = _root_in(text)
    if root is None:
        return None
    if root[1] == "coverage":
        if "line-rate" in root[2]:
            return "COBERTURAXML"
        return "CLOVERXML" if "generated" in root[2] or "clover" in root[2] else None
    if root[1] == "report":
        return "JACOCOXML" if "JACOCO" in text[: root.start()].upper() else None
    return _BY_ROOT.get(root[1])


def group_of(file_format: str) -> str:
    """
    Give the name of the group, without the project's.

    Source: user guide, "Test report auto-discovery".
    """
    return f"{file_format}-AutoDiscovered"


def taken(
    paths: Sequence[str], *, root: str, base: str, patterns: Sequence[str]
) -> frozenset[str]:
    """
    Give those of ``paths`` that a report group reads.

    Args:
        paths: Files, relative to ``root``.
        root: The source directory, absolute.
        base: The group's ``base-directory``, perhaps with wildcards.
        patterns: The group's ``files``.
    """
    there = normal(posixpath.join(root, base))
    relative = posixpath.relpath(there, root)
    bases = base_directories(paths, relative) if is_pattern(base) else (relative,)
    found: set[str] = set()
    for each in bases:
        below = "" if each == "." else f"{each}/"
        entries = [path.removeprefix(below) for path in paths if path.startswith(below)]
        inside = [pattern.removeprefix(f"{root}/{below}") for pattern in patterns]
        found |= {below + path for path in select(entries, inside, []).paths}
    return frozenset(found)


def _root_in(text: str) -> re.Match[str] | None:
    """Find the first tag behind declarations and comments."""
    place = text.find("<")
    while place >= 0:
        end = next((e for begin, e in _PROLOG.items() if text.startswith(begin, place)), None)
        if end is None:
            return _ROOT.match(text, place)
        behind = text.find(end, place)
        place = text.find("<", behind) if behind >= 0 else -1
    return None
