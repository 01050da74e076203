"""The page "From AWS to here": what it names is there, and what is there it names."""

import re
from pathlib import Path

import pytest

from cicd.cli.commands import COMMANDS
from cicd.pipeline.fidelity import STANDINGS
from cicd.pipeline.stacks.kinds import KINDS
from tests.cli.test_help import check_words

PAGE = (Path(__file__).parents[2] / "docs" / "from-aws.md").read_text("utf-8")
SAID = {
    "Bucket": "buckets",
    "Parameter": "parameters",
    "Function": "functions",
    "Version": "versions",
    "Alias": "aliases",
    "Metadata": "metadata",
    "Permission": "permissions",
    "StateMachine": "state machines",
}


@pytest.mark.parametrize("typed", sorted(set(re.findall(r"`cicd ([a-z][^`]*)`", PAGE))))
def test_a_command_of_the_page_is_one(typed):
    assert typed.split()[0] in COMMANDS
    check_words(typed.split())


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_resource_that_stacks_make_is_named(kind):
    assert SAID[kind.rpartition(":")[2]] in STANDINGS["Deploy/AWS/CloudFormation"].words


@pytest.mark.parametrize("name", ["serve", "function invoke", "alarm set-state", "audit"])
def test_what_stands_in_for_a_service_is_in_the_table(name):
    assert f"`cicd {name}" in PAGE
