"""The commands that the service puts on a build's PATH, as far as they make sense here."""

from __future__ import annotations

from shlex import quote
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

from cicd.build.shell.tests_run import TESTS_RUN

# The stars become intervals, since they are needed until the last of them is replaced.
_GLOB_SEARCH = r"""#!/bin/sh
[ $# -gt 0 ] || { echo 'usage: codebuild-glob-search GLOB...' >&2; exit 2; }
found=$(
for glob do
pattern=$(printf '%s\n' "${glob#./}" | sed -e 's/[].[+^$(){}|\\]/\\&/g' -e 's/?/[^\/]/g' \
-e 's/\*\*\//(.{0,}\/){0,1}/g' -e 's/\*\*/.{0,}/g' -e 's/\*/[^\/]{0,}/g')
find . -path ./.git -prune -o -type f -print | sed 's/^\.\///' | grep -E -x -e "$pattern"
done | LC_ALL=C sort -u
)
if [ -n "$found" ]; then
printf '%s\n' "$found"
else
echo "No files match $*" >&2
fi
"""

_HASH_FILES = r"""#!/bin/sh
[ $# -gt 0 ] || { echo 'usage: codebuild-hash-files GLOB...' >&2; exit 2; }
cd -- "${CODEBUILD_SRC_DIR:-.}" || exit
found=$(codebuild-glob-search "$@")
[ -n "$found" ] || exit 0
printf '%s\n' "$found" | while IFS= read -r file; do
printf '%s %s\n' "$(sha256sum <"$file")" "$file"
done | sha256sum | cut -d ' ' -f 1
"""

_NOTHING = "#!/bin/sh\nexit 0\n"

# Between commands it is given a name, and what lets it go on may be there before it is.
# What `builds enter` needs of a command that waits in its middle: variables and directory.
_BREAKPOINT = r"""#!/bin/sh
at=PAUSE
rm -f "$at/go"
if [ $# -eq 0 ]; then
{ export -p; echo 'cd -- "$PWD"'; } >"$at/variables.new" && mv "$at/variables.new" "$at/variables"
else
: >"$at/variables" # between commands: what they carry over is all there is to see
fi
echo 'WAITS'
until [ -e "$at/go" ] || [ -e "$at/go${1+-$1}" ]; do sleep 0.1 2>/dev/null || sleep 1; done
rm -f "$at/go" "$at/go${1+-$1}" "$at/variables"
echo 'GOES_ON'
"""

_RESUME = r"""#!/bin/sh
[ -e "PAUSE/variables" ] || { echo 'nothing waits here' >&2; exit 1; }
: >"PAUSE/go"
"""

WAITS = "codebuild-breakpoint: the build waits here"
GOES_ON = "codebuild-breakpoint: the build goes on"

SHELL_COMMANDS = MappingProxyType(
    {
        "codebuild-glob-search": _GLOB_SEARCH,
        "codebuild-hash-files": _HASH_FILES,
        "codebuild-tests-run": TESTS_RUN,
    }
)
"""
Name → POSIX script, for which busybox is enough; see also ``debug_commands``.

``codebuild-glob-search`` leaves ``.git`` out, and says on standard error that nothing matches.
``codebuild-hash-files`` counts the files' names in; the guide says neither.
Source: user guide, "Run tests in parallel", "Cache".
"""


def gate(key: str) -> str:
    """Give the name under which the wait ``key`` is let go: see ``codebuild-breakpoint``."""
    return key.replace("/", "-")


def debug_commands(pause: str | None) -> Mapping[str, str]:
    """
    Give the two commands of debugging, which do nothing without a debug session.

    ``pause`` is the absolute path of the directory in which they meet; None: no session.
    Source: user guide, "View a running build in Session Manager".
    """
    if pause is None:
        return {"codebuild-breakpoint": _NOTHING, "codebuild-resume": _NOTHING}
    waiting = _BREAKPOINT.replace("GOES_ON", GOES_ON).replace("WAITS", WAITS)
    return {
        "codebuild-breakpoint": waiting.replace("PAUSE", quote(pause), 1),
        "codebuild-resume": _RESUME.replace("PAUSE", pause),
    }
