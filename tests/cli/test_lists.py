"""Lists as programs read them: one object, also of nothing."""

import json

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from tests.cli.test_help import all_below, context_of

LISTS = [
    context.command_path.split()[1:]
    for context in all_below(context_of(cicd, "cicd"))
    if context.info_name in {"list", "groups", "executions", "audit", "metrics", "status", "prune"}
    and any("--output" in option.opts for option in context.command.params)
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_of_nothing_is_one_object(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CICD_HOME", str(tmp_path / "home"))
    assert run(cicd, [*words, "--output", "json"]) in {0, 2}
    (line,) = capsys.readouterr().out.splitlines()
    assert isinstance(json.loads(line), dict)


def test_there_are_lists():
    assert ["builds", "list"] in LISTS
    assert len(LISTS) > 20
