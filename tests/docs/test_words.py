"""What any page says to type is a command, with options that it has."""

import re
import shlex
from pathlib import Path

import pytest

from cicd.cli.commands import COMMANDS
from tests.cli.test_help import check_words

TOP = Path(__file__).resolve().parents[2]
PAGES = sorted(
    str(page.relative_to(TOP))
    for page in (*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("samples/*/README.md"))
    if page.name not in {"CHANGELOG.md", "rules.md", "map.md", "commands.md"}
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\$ )?(?:\w+=\S+ )*cicd (.*)")
INLINE = re.compile(r"`cicd ([a-z][^`]*)`")


def typed(page):
    """Give what a page says to type, in blocks and in lines of text, without the remark behind."""
    text = (TOP / page).read_text("utf-8")
    for kind, block in BLOCK.findall(text):
        for line in block.splitlines():
            if kind in {"", "console", "sh"} and (match := COMMAND.match(line)):
                whole = re.sub(r'"\$\(.*?\)"', "ID", match[1])
                yield re.split(r"\s{3,}|  (?=[a-z])| [|>] ", whole)[0]
    for words in INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        yield " ".join(words.split()).partition(" | ")[0]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_says_to_type_is_a_command(page):
    for line in typed(page):
        words = shlex.split(line, comments=True)
        assert words[0] in COMMANDS, line
        if "…" not in line and "..." not in line:
            check_words(words)
