"""What only bash knows, found in a command that sh runs. Pure."""

from __future__ import annotations

import re

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
        (r"\btest\s[^\n;&|]*?\s(==)\s", "the test ends with 2, which is as good as false"),
        (rf"{_BEGINS}(set\s+-[a-zA-Z]*o\s+pipefail)", _FAILS),
        (r"(?<![&>\d])(&>>?)", "the command goes on in the background, and nobody sees it fail"),
    )
)
_OTHER_SHELL = re.compile(r"\A\s*#!|\bbash\b|\bzsh\b")
# What the shell does not read: documents that are written here, words in single quotes, comments.
_HERE = re.compile(
    r"((?<!<)<<-?\s*['\"]?(\w+)['\"]?[^\n]*\n).*?(?:^\s*\2\s*$|\Z)", re.MULTILINE | re.DOTALL
)
_UNREAD = re.compile(r"""("(?:\\.|[^"\\])*")|'[^']*'|(?:^|(?<=\s))#[^\n]*""")


def bash_only(command: str) -> tuple[str, str] | None:
    """Give the first words that dash does not know, and what it does with them; None for none."""
    if _OTHER_SHELL.search(command):
        return None
    text = _HERE.sub(r"\1", command)
    text = _UNREAD.sub(lambda part: part[1] or "_", text)
    for pattern, becomes in _BASH_ONLY:
        found = pattern.search(text)
        if found is not None:
            return found[1], becomes
    return None
