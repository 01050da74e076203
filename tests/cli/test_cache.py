"""`cicd cache` from outside, after a build that saved one."""

import json

import pytest

from tests.cli.killed import Outside

SPEC = """version: 0.2
phases: {build: {commands: ["mkdir -p d && echo 1 >d/f"]}}
cache: {paths: [d]}
"""
RESOURCES = """projects:
  - name: app
    source: {type: NO_SOURCE}
    cache: {type: S3, location: bucket}
"""


@pytest.fixture
def outside(tmp_path):
    made = Outside(tmp_path)
    (made.directory / "buildspec.yml").write_text(SPEC)
    (made.directory / "cicd.yml").write_text(RESOURCES)
    assert 0 == made.run("build", "--runner", "host")[0]
    return made


def listed(outside):
    status, out, _ = outside.run("cache", "list", "--output", "json")
    assert 0 == status
    return json.loads(out.splitlines()[-1])["caches"]


def test_a_cache_is_listed_pruned_and_removed(outside):
    (entry,) = listed(outside)
    assert ("app", 1, "") == (entry["project"], entry["files"], entry["key"])
    status, out, _ = outside.run("cache", "prune", "--max-size", "1KB", "--dry-run")
    assert (0, True) == (status, f"{entry['id']}  app" in out)
    assert 0 == outside.run("cache", "prune", "--older-than", "7d")[0]
    assert [entry] == listed(outside)
    assert 0 == outside.run("cache", "rm", entry["id"][:6])[0]
    assert [] == listed(outside)


def test_words_that_mean_no_cache_are_refused(outside):
    assert 2 == outside.run("cache", "rm", "nothing")[0]
    assert 2 == outside.run("cache", "prune")[0]
    assert 2 == outside.run("cache", "prune", "--max-size", "much")[0]


def test_docker_layers_are_listed_by_project_and_only_those_can_be_removed(outside):
    note = outside.directory / ".cicd" / "cache" / "layers" / "app"
    note.parent.mkdir()
    note.touch()
    status, out, said = outside.run("cache", "list")
    assert (0, True) == (status, "layers:app " in out), out
    assert "docker system df" in said
    status, _, said = outside.run("cache", "rm", "layers:other")
    assert (2, True) == (status, "no Docker layers of 'other' are kept" in said)
