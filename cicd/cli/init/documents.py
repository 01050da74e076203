"""The documents that a repository begins with, out of the templates. Pure but for reading them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from cicd.cli.init.kinds import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.cli.init.kinds import Kind

BUILDSPEC = "buildspec.yml"
RESOURCES = "cicd.yml"
PIPELINE = "pipeline.yml"
APPSPEC = "appspec.yml"
SCRIPT = "scripts/validate.sh"

_CONDITION = re.compile(r"[ ]+#\?(!?)(\w+)$")


def documents(kind: Kind, facts: Mapping[str, bool], words: Mapping[str, str]) -> dict[str, str]:
    """
    Write all documents for a repository.

    Args:
        kind: What it is: which buildspec.
        facts: Which lines stay; "deploy" says whether there is anything to deploy.
        words: What stands for "@NAME@" and its like.

    Returns:
        Texts by their paths, in the order in which people read them.

    """
    common = TEMPLATES / "common"
    build = "commands" if kind.commands else kind.name
    found = {BUILDSPEC: TEMPLATES / "build" / f"{build}.yml"}
    names = [RESOURCES, PIPELINE, *([APPSPEC, SCRIPT] if facts["deploy"] else [])]
    found.update({name: common / name for name in names})
    listed = "\n".join(
        f"      {'' if each.startswith('#') else '- '}{each}" for each in kind.commands
    )
    return {
        name: _filled(path.read_text("utf-8").replace("@COMMANDS@", listed), facts, words)
        for name, path in found.items()
    }


def written(command: str) -> str:
    """Write a command as an element of a list of YAML."""
    plain = re.fullmatch(r"[A-Za-z0-9./](?:[^:#]|:(?=\S)|(?<=\S)#)*(?<!:)(?<!\s)", command)
    return command if plain else json.dumps(command, ensure_ascii=False)


def _filled(template: str, facts: Mapping[str, bool], words: Mapping[str, str]) -> str:
    lines = []
    for line in template.splitlines():
        condition = _CONDITION.search(line)
        if condition is None:
            lines.append(line)
        elif facts.get(condition[2], False) is not bool(condition[1]):
            lines.append(line[: condition.start()])
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines) + "\n")  # where lines in between went
    for name, word in words.items():
        text = text.replace(f"@{name}@", word)
    return text


def usable_name(written: str) -> str:
    """Make a name that a project, a pipeline and an application may have; "app" out of nothing."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", written).strip("-_")[:90].strip("-_")
    return name if len(name) > 1 else "app"


def bucket_name(name: str) -> str:
    """Make the beginning of a bucket's name: small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9-]+", "-", name.lower())[:50].strip("-") or "app"
