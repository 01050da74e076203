"""The commands that the service puts on a build's PATH, as far as they make sense here."""

from __future__ import annotations

from types import MappingProxyType

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

SHELL_COMMANDS = MappingProxyType(
    {
        "codebuild-breakpoint": _NOTHING,
        "codebuild-resume": _NOTHING,
        "codebuild-glob-search": _GLOB_SEARCH,
        "codebuild-hash-files": _HASH_FILES,
        "codebuild-tests-run": TESTS_RUN,
    }
)
"""
Name → POSIX script, for which busybox is enough.

``codebuild-breakpoint`` and ``codebuild-resume`` do nothing without a debug session.
``codebuild-glob-search`` leaves ``.git`` out, and says on standard error that nothing matches.
``codebuild-hash-files`` counts the files' names in; the guide says neither.
Source: user guide, "View a running build in Session Manager", "Run tests in parallel", "Cache".
"""
