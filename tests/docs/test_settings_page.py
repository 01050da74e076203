"""The page of settings has all that there are, and every page is found from the first one."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cicd.lint.schemas import schema
from cicd.settings import Settings

TOP = Path(__file__).resolve().parents[2]
PAGE = (TOP / "docs" / "settings.md").read_text("utf-8")
NOT_SAID = {"home", "images", "jobs_chosen"}  # the directory itself; a table of its own; derived
SECTIONS = schema("cicd")["properties"]
LINK = re.compile(r"\]\(([^)#]+\.md)[^)]*\)")


@pytest.mark.parametrize("name", sorted({f.name for f in fields(Settings)} - NOT_SAID))
def test_a_setting_has_a_row(name):
    assert f"\n| `{name}` |" in PAGE


@pytest.mark.parametrize("key", [*SECTIONS, *SECTIONS["local"]["properties"]])
def test_a_key_of_cicd_yml_has_a_row(key):
    assert re.search(rf"^\| (?:`\w+`, )?`{key}`", PAGE, re.MULTILINE), json.dumps(key)


def test_every_page_is_found_from_the_first_one():
    found, coming = set(), [TOP / "README.md"]
    while coming:
        page = coming.pop()
        found.add(page)
        linked = {(page.parent / name).resolve() for name in LINK.findall(page.read_text("utf-8"))}
        assert [] == [str(each) for each in linked if not each.exists()], page
        coming += [each for each in linked if each not in found]
    assert set() == {*TOP.glob("docs/**/*.md"), *TOP.glob("samples/*/README.md")} - found
