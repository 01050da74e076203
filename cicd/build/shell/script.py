"""
The shell frame that makes fresh shells look like one.

Version 0.2 promises that all commands run in the same shell; each really runs in one of its own,
so the frame restores variables and directory before the command and saves them after it, also
when the command failed or called ``exit``. What does not come along, as on the service: shell
functions, aliases, options, traps, associative arrays, ``$$``.

Source: user guide, "Build environment variables", "Shells"; logs of the service naming
``script.sh`` and ``env.sh``.
"""

from __future__ import annotations

import re
from shlex import quote
from typing import TYPE_CHECKING

from cicd.build.shell.commands import SHELL_COMMANDS, debug_commands

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LINE_END = "\n"  # so that a trailing backslash joins nothing of ours
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

# bash marks what it declares, and prints a variable a line, so single ones can be left out:
# its own read-only ones, and associative arrays, which do not survive on the service either.
# Its text is taken apart in memory: to read a pipe by lines takes a call a byte. A dot before
# each line keeps the empty ones.
# Other shells print plain assignments, and values may span lines, so nothing can be left out
# of the text; what must not be restored is unset before it is printed, which the shell, about
# to end, no longer needs; our own two names are unset again when they have been restored.
# The file is written over, not cut and written anew: some file systems would then write to
# the disk at once, which takes longer than many a command. What an earlier, longer text leaves
# behind the new one is never read, as that ends by returning.
_BASH = r"""__cicd_text=$(declare -p)
local IFS=$'\n' LC_ALL=C __cicd_kept= __cicd_flags=$-
set -f
__cicd_lines=(.${__cicd_text//$'\n'/$'\n.'})
case $__cicd_flags in *f*) ;; *) set +f ;; esac
for __cicd_line in "${__cicd_lines[@]}"; do
__cicd_line=${__cicd_line#.}
case $__cicd_line in
"declare -"*)
__cicd_name=${__cicd_line#declare -* }
case ${__cicd_name%%=*} in
BASH | BASHOPTS | BASHPID | BASH_A* | BASH_C* | BASH_EX* | BASH_L* | BASH_M*) continue ;;
BASH_R* | BASH_S* | BASH_V* | COMP_WORDBREAKS | DIRSTACK | EPOCH* | EUID) continue ;;
FUNCNAME | GROUPS | HISTCMD | LINENO | OPTIND | PIPESTATUS | POSIXLY_CORRECT) continue ;;
PPID | RANDOM | SECONDS | SHELLOPTS | SHLVL | SRANDOM | UID | _ | __cicd_*) continue ;;
esac
case ${__cicd_line%% "$__cicd_name"} in *A*) continue ;; esac
esac
__cicd_kept+=$__cicd_line$'\n'
done
printf %s "$__cicd_kept"
"""
_SAVE = f"""__cicd_save() {{
set +eux
[ -z "${{__cicd_saved-}}" ] || return 0
__cicd_saved=1
{{
if [ -n "${{BASH_VERSION-}}" ]; then
eval {quote(_BASH)}
else
unset LINENO PPID RANDOM
set
export -p
fi
echo return 0
}} 1<> STATE
}}
"""


def frame(
    command: str,
    *,
    state: str | None,
    bin_directory: str,
    given: Iterable[str],
    succeeding: bool,
) -> str:
    """
    Give the script that runs one command of a buildspec.

    Args:
        command: As written in the buildspec.
        state: Absolute path of the file that carries variables and directory from one command to
            the next; None for version 0.1, where nothing is carried.
        bin_directory: Absolute path of a directory that is put last on PATH.
        given: Names of the variables that the session passes to every command. Once there is a
            saved state it alone counts, so that an ``unset`` lasts.
        succeeding: CODEBUILD_BUILD_SUCCEEDING.
    """
    lines = [
        _restore(state, bin_directory, given),
        f"CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}",
        "export CODEBUILD_BUILD_SUCCEEDING",
    ]
    if state is None:
        return "\n".join([*lines, f"eval {quote(command + LINE_END)}", ""])
    return "\n".join(
        [
            *lines,
            _SAVE.replace("STATE", quote(state)),
            "trap '{ __cicd_save; } 2>/dev/null' EXIT",
            # No condition around it: that would switch the command's own "set -e" off.
            f"eval {quote(command + LINE_END)}",
            "{ __cicd_status=$?; __cicd_save; } 2>/dev/null",
            'exit "$__cicd_status"',
            "",
        ]
    )


def query(
    expressions: Iterable[str],
    *,
    state: str | None,
    bin_directory: str,
    given: Iterable[str],
    then: str = "",
) -> str:
    """
    Give the script that prints what the shell makes of each expression, each closed by a NUL.

    An expression stands between double quotes: ``$NAME``, ``${NAME-}`` and ``$(command)`` count.
    ``then`` is a script of our own that goes on from there; it finds its programs where the
    session has them, wherever the build looks for its own.
    """
    lines = ["__cicd_path=$PATH", "{", _restore(state, bin_directory, given), "} 2>/dev/null"]
    lines += [f"printf '%s\\0' {_double_quoted(e)}" for e in expressions]
    return "\n".join([*lines, *(("PATH=$__cicd_path", then) if then else ()), ""])


def enter(
    words: str,
    *,
    shell: str,
    state: str | None,
    pause: str,
    bin_directory: str,
    given: Iterable[str],
    succeeding: bool,
) -> str:
    """
    Give the script that looks into a build: a shell to type in, or ``words`` run in its place.

    It begins with the variables and the directory that the next command would see, or, while one
    waits in its middle, with what that one exports; nothing is saved behind it.
    """
    variables = quote(f"{pause}/variables")
    here = "\n".join(
        [
            _restore(state, bin_directory, given),
            f"CODEBUILD_BUILD_SUCCEEDING={int(succeeding)}",
            "export CODEBUILD_BUILD_SUCCEEDING",
            f"[ ! -s {variables} ] || . {variables}",
        ]
    )
    if words:
        return f"{here}\neval {quote(words + LINE_END)}\n"
    interactive = (
        'exec bash --rcfile "$0" -i' if shell == "bash" else f"ENV=$0\nexport ENV\nexec {shell} -i"
    )
    # The shell that is started reads this very file, for the other half of it.
    return f"""if [ -z "${{_cicd_entered-}}" ]; then
export _cicd_entered=1
{interactive}
fi
unset _cicd_entered ENV
{{
{here}
}} 2>/dev/null
PS1='build:$PWD # '
"""


def reset(
    changed: Mapping[str, str],
    gone: Iterable[str],
    *,
    state: str,
    bin_directory: str,
    given: Iterable[str],
) -> str:
    """Give the script that changes variables in the saved state, if anything was saved yet."""
    lines = [f"unset {name}" for name in gone if _NAME.fullmatch(name)]
    for name, value in changed.items():
        if _NAME.fullmatch(name):
            lines += [f"{name}={quote(value)}", f"export {name}"]
    command = "\n".join(lines)
    framed = frame(command, state=state, bin_directory=bin_directory, given=given, succeeding=True)
    return f"[ -s {quote(state)} ] || exit 0\n{framed}"


def value_of(name: str) -> str:
    """Give the expression that ``query`` answers with "x" and the value, or "" if it is unset."""
    return f"${{{name}+x}}${{{name}-}}"


def set_up(
    state: str,
    bin_directory: str,
    *,
    pause: str | None = None,
    open_to_all: Iterable[str] = (),
    commits: Mapping[str, str] | None = None,
) -> str:
    """
    Give the script that prepares a session.

    ``pause`` is the directory of a debug session.
    ``open_to_all`` are directories that other users must be able to read: the first is the
    scratch directory, the others whole trees.
    ``commits`` are those that sources are at, by their places: a repository there gets a detached
    ``HEAD``, as what the service checks out has.
    Source: user guide, "run-as".
    """
    lines = ["set -e", f"mkdir -p {quote(bin_directory)}", f": > {quote(state)}"]
    if pause is not None:
        lines.append(f"mkdir -p {quote(pause)} && chmod 777 {quote(pause)}")
    commands = {**SHELL_COMMANDS, **debug_commands(pause)}
    paths = {quote(f"{bin_directory}/{name}"): text for name, text in commands.items()}
    lines += [f"printf %s {quote(text)} > {path}" for path, text in paths.items()]
    lines.append(f"chmod 755 {' '.join(paths)}")
    directories = tuple(open_to_all)
    if directories:
        scratch, *trees = directories
        lines += [f"chmod 755 {quote(scratch)}", f"chmod 666 {quote(state)}"]
        lines += [f"chmod -R a+rX {quote(tree)}" for tree in trees]
    for place, commit in (commits or {}).items():
        # Of a link we do not know whose it is; what it leads to may be no copy.
        git, head = quote(f"{place}/.git"), quote(f"{place}/.git/HEAD")
        lines.append(f"[ -L {git} ] || [ -L {head} ] || [ ! -f {head} ] || echo {commit} > {head}")
    return "\n".join([*lines, ""])


def names_in(text: str) -> tuple[str, ...]:
    """Give the variables that ``$NAME`` and ``${NAME}`` in a text mean, each once."""
    return tuple(dict.fromkeys(a or b for a, b in _REFERENCE.findall(text)))


def expand(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of ``$NAME`` and ``${NAME}``; an unset one is empty."""
    return _REFERENCE.sub(lambda match: values.get(match[1] or match[2], ""), text)


_REFERENCE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")


def _restore(state: str | None, bin_directory: str, given: Iterable[str]) -> str:
    path = f'PATH="${{PATH-}}:"{quote(bin_directory)}\nexport PATH'
    if state is None:
        return path
    names = " ".join(name for name in given if _NAME.fullmatch(name))
    unset = f"unset {names}\n" if names else ""
    return f"""if [ -s {quote(state)} ]; then
{unset}. {quote(state)}
unset __cicd_saved __cicd_status
__cicd_old=${{OLDPWD-}}
cd -- "$PWD" || :
OLDPWD=$__cicd_old
unset __cicd_old
else
{path}
fi"""


def _double_quoted(expression: str) -> str:
    escaped = expression.replace('"', '\\"')
    return f'"{escaped}"'
