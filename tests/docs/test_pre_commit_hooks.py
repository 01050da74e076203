"""What the pre-commit framework is offered: commands that there are, asked about all documents."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.cli.test_help import check_words

OFFERED = yaml.safe_load((Path(__file__).parents[2] / ".pre-commit-hooks.yaml").read_text("utf-8"))
DOCUMENTS = (
    "buildspec.yml",
    "ci/appspec.yaml",
    "shop-pipeline.json",
    "cicd.yml",
    "template.yaml",
    "infra/template.json",
    "states/order.asl.json",
    "order.asl.yml",
)


@pytest.mark.parametrize("hook", OFFERED, ids=lambda hook: hook["id"])
def test_a_hook_is_a_command_with_options_that_it_has(hook):
    program, *words = shlex.split(hook["entry"])
    assert program == "cicd"
    check_words(words)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_commit_of_a_document_asks_lint(name):
    (lint,) = (hook for hook in OFFERED if hook["id"] == "cicd-lint")
    assert re.search(lint["files"], name)


@pytest.mark.parametrize("name", ["README.md", "email-template.html", "src/order.json"])
def test_a_commit_of_something_else_does_not(name):
    (lint,) = (hook for hook in OFFERED if hook["id"] == "cicd-lint")
    assert not re.search(lint["files"], name)
