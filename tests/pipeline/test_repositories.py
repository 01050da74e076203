"""Which repository a source means, and one that is elsewhere."""

from dataclasses import replace

import pytest

from cicd.document.resources import Resources
from cicd.errors import Unavailable, UsageError
from cicd.pipeline.actions.codecommit import CONNECTION
from cicd.pipeline.repositories import find_repository
from cicd.repos.find import open_repository
from cicd.repos.mirror import is_url, mirror
from cicd.wiring.machine import commits
from tests.git_command import git
from tests.pipeline.test_actions import SCOPE, asked


def find(root, name, sources=2):
    return find_repository(Resources.load(root), root, name, sources=sources)


@pytest.fixture
def origin(tmp_path):
    there = tmp_path / "origin"
    there.mkdir()
    git(there, "init", "--quiet", "--initial-branch=main")
    (there / "a").write_text("one")
    git(there, "add", "--all")
    git(there, "commit", "--quiet", "--message=one")
    return there


def test_a_repository_is_found_by_its_whole_name_or_its_last_part(tmp_path):
    (tmp_path / "cicd.yml").write_text("local:\n  repositories: {r: one, other/r: two}\n")
    assert (tmp_path / "two").resolve() == find(tmp_path, "other/r")
    assert (tmp_path / "one").resolve() == find(tmp_path, "mine/r")


def test_a_single_source_is_where_the_definition_stands_and_one_of_several_is_asked_for(tmp_path):
    assert tmp_path == find(tmp_path, "shop", sources=1)
    with pytest.raises(UsageError) as refused:
        find(tmp_path, "shop")
    assert "local: {repositories: {shop: path/to/it, or a git URL}}" in refused.value.hint


def test_a_single_source_is_the_whole_repository_unless_cicd_yml_is_in_a_part_of_it(origin):
    (origin / "infra").mkdir()
    assert origin == find(origin / "infra", "shop", sources=1)
    (origin / "infra" / "cicd.yml").write_text("local: {}\n")
    assert origin / "infra" == find(origin / "infra", "shop", sources=1)


@pytest.mark.parametrize(
    ("place", "url"),
    [
        ("https://example.org/o/r.git", True),
        ("git@example.org:o/r.git", True),
        ("file:///srv/r", True),
        ("../r", False),
        ("/srv/r", False),
        ("C:/r", False),
    ],
)
def test_a_url_is_told_from_a_path(place, url):
    assert url is is_url(place)


def test_a_mirror_has_what_was_pushed_since(origin, tmp_path):
    url = origin.as_uri()
    first = mirror(url, tmp_path / "kept")
    (origin / "a").write_text("two")
    git(origin, "commit", "--quiet", "--all", "--message=two")
    assert first == mirror(url, tmp_path / "kept")
    assert "two" == open_repository(first).revision("main").message


def test_a_url_that_leads_nowhere_is_said_without_its_password(tmp_path):
    with pytest.raises(Unavailable) as refused:
        mirror(f"file://me:word@{tmp_path}/none", tmp_path / "kept")
    assert "word" not in refused.value.message
    assert "cannot be fetched" in refused.value.message
    with pytest.raises(Unavailable):  # what was begun is no copy
        mirror(f"file://me:word@{tmp_path}/none", tmp_path / "kept")


def test_what_ssh_says_is_the_reason_and_its_user_stays(tmp_path, monkeypatch):
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\necho "git@h: Permission denied (publickey)." >&2; exit 255\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    with pytest.raises(Unavailable) as refused:
        mirror("ssh://git:word@h/x.git", tmp_path / "kept")
    said = "ssh://git@h/x.git cannot be fetched: git@h: Permission denied (publickey)."
    assert said == refused.value.message
    assert "git ls-remote ssh://git@h/x.git " in refused.value.hint


def test_a_source_takes_the_branch_of_a_url(world, origin):
    (world.home / "cicd.yml").write_text(
        f"local: {{repositories: {{o/r: '{origin.as_uri()}'}}}}\n"
    )
    configuration = {"ConnectionArn": "arn", "FullRepositoryId": "o/r", "BranchName": "main"}
    services = replace(world.services, source=commits)
    result = CONNECTION.run(connection(world, configuration), services, SCOPE)
    assert ("Succeeded", "one") == (result.status, result.variables["CommitMessage"])


def connection(world, configuration):
    request = asked(world, "S0", configuration=configuration)
    type_id = replace(request.action.type_id, provider="CodeStarSourceConnection")
    return replace(request, action=replace(request.action, type_id=type_id))
