"""What only bash knows, in commands that sh runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.build.rules.commands import commands_of
from cicd.document.position import brief
from cicd.document.rules import rule

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.problem import Problems

_BEGINS = r"(?:^|[;&|({]\s*|\b(?:if|while|until|elif|then|do|else|!)\s+)"
_FAILS = "the command fails"
# Each finds, as its first group, what dash does not know; and what dash does with it.
_BASH_ONLY = tuple(
    (re.compile(pattern, re.MULTILINE), becomes)
    for pattern, becomes in (
        (rf"{_BEGINS}(\[\[)\s", _FAILS),
        (r"(?<!<)(<<<)(?!<)", _FAILS),
        (rf"{_BEGINS}(source)\s+\S", _FAILS),
        (rf"{_BEGINS}(declare)\s+-[aA]", _FAILS),
        (rf"{_BEGINS}(pushd)\s+\S", _FAILS),
        (rf"{_BEGINS}(function)\s+\w+\s*(?:\(\s*\)\s*)?\{{", _FAILS),
        (rf"{_BEGINS}(\(\()", _FAILS),
        (r"\b(for\s*\(\()", _FAILS),
        (rf"{_BEGINS}(\w+\+?=\()", _FAILS),
        (r"(?:^|\s)([<>]\()\S", _FAILS),
        # ${A:0:7} and ${A::7}, but neither ${A:-b} nor ${A:?b}; ${A/b/c}, ${A^^}, ${A[@]}
        (r"(\$\{\w+:(?![-=?+])[^}\n]*\})", _FAILS),
        (r"(\$\{!\w[^}\n]*\})", _FAILS),
        (r"(\$\{\w+(?:/|\^\^?|,,?|\[)[^}\n]*\})", _FAILS),
        (rf"{_BEGINS}\[\s[^\]\n]*?\s(==)\s", "the test ends with 2, which is as good as false"),
        (r"(?<![&>\d])(&>>?)", "the command goes on in the background, and nobody sees it fail"),
    )
)
_OTHER_SHELL = re.compile(r"\A\s*#!|\bbash\b|\bzsh\b")
# What the shell does not read: documents that are written here, words in single quotes, comments.
_HERE = re.compile(
    r"((?<!<)<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n).*?(?:^\s*\2\s*$|\Z)", re.MULTILINE | re.DOTALL
)
_UNREAD = re.compile(r"""("(?:\\.|[^"\\])*")|'[^']*'|(?:^|(?<=\s))#[^\n]*""")


@rule("build/bash-in-sh")
def bash_in_sh(spec: Buildspec, problems: Problems) -> None:
    """The shell is ``sh`` unless ``env.shell`` says otherwise; it does not know bash's words."""
    if spec.shell != "sh":
        return
    for command in commands_of(spec):
        if _OTHER_SHELL.search(command.text):
            continue
        text = _HERE.sub(r"\1", command.text)
        text = _UNREAD.sub(lambda part: part[1] or "_", text)
        for pattern, becomes in _BASH_ONLY:
            found = pattern.search(text)
            if found is not None:
                problems.warning(
                    "build/bash-in-sh",
                    f"'{brief(found[1])}' is bash's, and these commands are run by sh",
                    command.span.within(found[1]),
                    hint="add 'shell: bash' to 'env'",
                    note=f"where sh is dash, as in Ubuntu's images, {becomes}",
                )
                break
