"""
How bash, zsh and fish ask for completions, and are answered: a line each, TYPE, WORD, HELP.

The scripts are ours rather than click's. bash begins a word anew behind the colon of a build's id,
and click's scripts then ask for the wrong word; fish's cuts a help at its first comma.
"""

from __future__ import annotations

import os
from typing import ClassVar

from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

_BASH = r"""%(complete_func)s() {
    local kind value said breaks= before= typed="${COMP_LINE:0:COMP_POINT}"
    local word="${typed##*[[:space:]]}"
    # What readline takes for the end of a word stays in front of what is to be put in.
    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=:
    [[ $COMP_WORDBREAKS == *=* ]] && breaks+==
    [[ -n $breaks ]] && before="${word%%"${word##*[$breaks]}"}"
    COMPREPLY=()
    while IFS=$'\t' read -r kind value said; do
        case $kind in
            file) compopt -o default 2>/dev/null ;;
            dir) compopt -o dirnames 2>/dev/null ;;
            *)
                [[ $word == [\'\"]* ]] || printf -v value %%q "$value"
                COMPREPLY+=("${value#"$before"}")
                ;;
        esac
    done < <(COMP_WORDS="$typed" %(complete_var)s=bash_complete "$1" 2>/dev/null)
}

# A bash before 4.4 sorts.
complete -o nosort -F %(complete_func)s %(prog_name)s 2>/dev/null ||
    complete -F %(complete_func)s %(prog_name)s
"""

_ZSH = r"""#compdef %(prog_name)s

%(complete_func)s() {
    local kind value said
    local -a plain described
    while IFS=$'\t' read -r kind value said; do
        case $kind in
            file) compset -P '--*='; _files ;;
            dir) compset -P '--*='; _files -/ ;;
            *)
                if [[ -n $said ]]; then
                    described+=("${value//:/\\:}:$said")
                else
                    plain+=("$value")
                fi
                ;;
        esac
    done < <(COMP_WORDS="${(j: :)words[1,CURRENT-1]} $PREFIX" %(complete_var)s=zsh_complete \
        "${words[1]}" 2>/dev/null)
    (( $#described )) && _describe -V %(prog_name)s described
    (( $#plain )) && compadd -V %(prog_name)s -a plain
}

if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    %(complete_func)s "$@"
else
    compdef %(complete_func)s %(prog_name)s
fi
"""

_FISH = r"""function %(complete_func)s
    set -lx COMP_WORDS (commandline -cp | string join ' ')
    set -lx %(complete_var)s fish_complete
    for line in (%(prog_name)s 2>/dev/null)
        set -l parts (string split -m 2 \t -- $line)
        switch $parts[1]
            case file
                __fish_complete_path (commandline -ct)
            case dir
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%%s\t%%s\n' $parts[2] $parts[3]
        end
    end
end

complete --no-files --keep-order --command %(prog_name)s --arguments '(%(complete_func)s)'
"""


class _Shell(ShellComplete):
    """A shell that hands the line over as it is, up to the cursor, in COMP_WORDS."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Split the line: the words before the one that is being typed, and that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        typed = words.pop() if words and not line[-1].isspace() else ""
        return words[1:], typed

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Give whole words: a value that stands behind ``--option=`` with that in front."""
        found = super().get_completions(args, incomplete)
        option, equals, _ = incomplete.partition("=")
        if not (equals and option.startswith("--")):
            return found
        return [
            item
            if item.type != "plain"
            else CompletionItem(f"{option}={item.value}", item.type, item.help)
            for item in found
        ]

    def format_completion(self, item: CompletionItem) -> str:
        """Give a line."""
        return "\t".join((item.type, item.value, " ".join((item.help or "").split())))


class _Bash(_Shell):
    name = "bash"
    source_template: ClassVar[str] = _BASH


class _Zsh(_Shell):
    name = "zsh"
    source_template: ClassVar[str] = _ZSH


class _Fish(_Shell):
    name = "fish"
    source_template: ClassVar[str] = _FISH


SHELLS = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}
ASKED = "_CICD_COMPLETE"  # the variable that says which shell asks


def shell_named(name: str) -> ShellComplete:
    """Give what makes a shell's script, and answers it."""
    from cicd.cli.commands import cicd

    return SHELLS[name](cicd, {}, "cicd", ASKED)
