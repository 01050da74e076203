"""``check:`` of ``cicd.yml``."""

from datetime import timedelta

import pytest

from cicd.check.configuration import Configuration, Wanted, read_check
from cicd.document.load import load
from cicd.document.problem import Problems, Severity
from cicd.pipeline.triggers import Patterns


def read(tmp_path, text):
    path = tmp_path / "check.yml"
    path.write_text(text)
    problems = Problems()
    return read_check(load(path, path.name), problems), [problem.message for problem in problems]


def test_saying_nothing_means_lint_and_what_a_push_starts():
    found = read_check(None, Problems())
    assert found == Configuration(lint=True, triggers=True, builds=(), pipelines=(), commands=())


def test_everything_can_be_said(tmp_path):
    text = """
lint: no
failOn: warning
triggers: no
builds:
  - web
  - {name: api, filePaths: {includes: ['api/**'], excludes: ['**/*.md']}}
pipelines: [shop]
commands:
  - ruff check
  - name: types
    run: mypy
    branches: [main, 'release/*']
    tags: v*
    timeoutInMinutes: 5
"""
    found, problems = read(tmp_path, text)
    assert [] == problems
    assert found == Configuration(
        lint=False,
        fail_on=Severity.WARNING,
        triggers=False,
        builds=(
            Wanted(name="web"),
            Wanted(
                name="api",
                files=Patterns(includes=("api/**",), excludes=("**/*.md",)),
            ),
        ),
        pipelines=(Wanted(name="shop"),),
        commands=(
            Wanted(name="ruff", run="ruff check"),
            Wanted(
                name="types",
                run="mypy",
                branches=Patterns(includes=("main", "release/*")),
                tags=Patterns(includes=("v*",)),
                timeout=timedelta(minutes=5),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lnt: no", "'lnt' is not a key of 'check'"),
        ("builds: [web, web]", "'web' stands twice in 'builds' of 'check'"),
        ("commands: [{name: a}]", "'run' is missing in a command of 'check'"),
        ("commands: [{name: a b, run: 'true'}]", "'a b' cannot be the name of a check"),
        ("builds: [{name: a, filePaths: ['a[']}]", "'a[' is not a pattern: a '[' is not closed"),
        ("lint: maybe", "'lint' must be yes or no, not 'maybe'"),
        ("[a]", "'check' must be a mapping, not a list"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, message):
    _, problems = read(tmp_path, text)
    assert len(problems) == 1
    assert message in problems[0]
