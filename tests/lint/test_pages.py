"""Every rule is explained, and its examples show what it says."""

import ast
import re
from pathlib import Path

import pytest

import cicd
from cicd.lint.check import check_document
from cicd.lint.documents import candidates
from cicd.lint.explain import explain, rule_names
from cicd.lint.links import check_links

PACKAGE = Path(cicd.__file__).parent
ROOMS = (
    "build",
    "deploy",
    "pipeline",
    "template",
    "document",
    "resources",
    "lint",
    "links",
    "states",
)
NAME = re.compile(rf"(?:{'|'.join(ROOMS)})/[a-z0-9-]+")
NOTING = {"error", "warning", "remark", "reject", "rule", "_stop", "_refused", "_warn", "Problem"}


def said():
    """The names of rules that the code notes problems under."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                given = [*node.args, *(k.value for k in node.keywords if k.arg == "rule")]
                if called in NOTING:
                    found |= {
                        each.value
                        for each in given
                        if isinstance(each, ast.Constant)
                        and isinstance(each.value, str)
                        and NAME.fullmatch(each.value)
                    }
    return found


def test_every_rule_that_the_code_names_is_explained():
    assert set() == said() - set(rule_names())


@pytest.mark.parametrize("name", rule_names())
def test_a_page_says_why_and_from_where(name):
    text = explain(name).text
    assert not text.startswith(("Bad", "Good", "Source", "```"))
    assert re.search(r"^Source: \S", text, re.MULTILINE)


BLOCK = re.compile(r"^```(\w+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def example(name, word):
    """The files of a rule's example called "Bad" or "Good": name → text; none: empty."""
    _, found, rest = explain(name).text.partition(f"\n{word}:\n")
    part = re.split(r"^(?:Good:$|Source: )", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return {file: text for _, file, text in BLOCK.findall(part)} if found else {}


def found(files, folder):
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    problems = []
    for candidate in candidates((folder,)):
        problems += check_document(candidate, None).problems
    return {problem.rule for problem in (*problems, *check_links(folder))}


BAD = [name for name in rule_names() if example(name, "Bad")]
GOOD = [name for name in rule_names() if example(name, "Good")]


@pytest.mark.parametrize("name", BAD)
def test_the_bad_example_has_the_problem(name, tmp_path):
    assert name in found(example(name, "Bad"), tmp_path)


@pytest.mark.parametrize("name", GOOD)
def test_the_good_example_has_no_error_and_not_the_problem(name, tmp_path):
    assert name not in found(example(name, "Good"), tmp_path)
