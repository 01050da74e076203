"""The built-in providers, on a machine in memory; builds and deployments are in test_whole."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.engine.process import Scope
from cicd.errors import UsageError
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.actions.codebuild import (
    CODE_BUILD,
    ConfigurationInvalid,
    read_environment_variables,
)
from cicd.pipeline.actions.codecommit import CODE_COMMIT, CONNECTION, GITHUB
from cicd.pipeline.actions.git_reference import clone
from cicd.pipeline.actions.provider import ActionRequest
from cicd.pipeline.actions.workspace import as_code_zip
from cicd.pipeline.compile import Start
from cicd.pipeline.result import StoredArtifact, object_key
from cicd.ports import CancelToken, Revision
from tests.git_command import git
from tests.pipeline.documents import SOURCE, action, stage


class Repository:
    """A source with one file and one link, whose every version is known but "gone"."""

    def __init__(self, asked):
        self.asked = asked

    def describe(self):
        return Revision(id="c0ffee")

    def fetch(self, version, into: Path):
        self.asked.append(version)
        if version == "gone":
            raise UsageError("'gone' is not a branch of it")
        (into / "bin").mkdir()
        (into / "bin" / "run").write_text("#!/bin/sh\n")
        (into / "bin" / "run").chmod(0o755)
        (into / "link").symlink_to("bin/run")
        (into / "folder").symlink_to("bin")
        return Revision(
            id="c0ffee",
            message="Add it\n\nAll of it.\n",
            author="Ada",
            author_date="2024-03-01T12:00:00+02:00",
            committer_date="2024-03-01T13:00:00+02:00",
        )


def asked(world, name, *, configuration=None, inputs=(), start=None, sources=1):
    source = stage(
        "Source",
        *(action(f"S{number}", SOURCE, makes=f"a{number}") for number in range(sources)),
    )
    build = stage("Build", action("Compile", takes="a0"))
    plan = world.plan(source, build, start=start)
    found = next(each for each in plan.actions() if each.name == name)
    workspace = world.home / "work"
    workspace.mkdir(exist_ok=True)
    said = []
    return ActionRequest(
        plan=plan,
        action=found,
        configuration=configuration or found.configuration,
        inputs=tuple(inputs),
        workspace=workspace,
        parent="pipeline/1/x",
        say=said.append,
    )


SCOPE = Scope(stream="pipeline/1", key="x", cancel=CancelToken())


def with_repository(world):
    versions = []
    services = replace(
        world.services,
        source=lambda path: Repository(versions),
        working_tree=lambda path: Repository(versions),
    )
    return services, versions


# ── Sources ───────────────────────────────────────────────────────────────────────────────────


def test_a_source_takes_the_configured_branch_and_gives_its_variables(world):
    services, versions = with_repository(world)
    result = CODE_COMMIT.run(asked(world, "S0"), services, SCOPE)
    assert ["main"] == versions
    assert {
        "AuthorDate": "2024-03-01T10:00:00Z",
        "BranchName": "main",
        "CommitId": "c0ffee",
        "CommitMessage": "Add it\n\nAll of it.",
        "CommitterDate": "2024-03-01T11:00:00Z",
        "RepositoryName": "shop",
    } == result.variables
    assert [("a0", "S0", "c0ffee")] == [
        (made.name, made.action, made.revision_id) for made in result.outputs
    ]


def test_trap_60_links_arrive_as_text_files_and_modes_stay(world):
    services, _ = with_repository(world)
    result = CODE_COMMIT.run(asked(world, "S0"), services, SCOPE)
    into = world.home / "unpacked"
    services.artifacts.unpack(services.artifacts.find(result.outputs[0].digest), into)
    assert ("bin/run", "bin") == ((into / "link").read_text(), (into / "folder").read_text())
    assert 0o755 == (into / "bin" / "run").stat().st_mode & 0o777


def test_a_git_directory_is_not_handed_on(tmp_path):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref")
    (tmp_path / "a").write_text("a")
    assert ["a"] == [file.path for file in as_code_zip(tmp_path)]


def test_a_revision_of_the_start_replaces_the_branch(world):
    services, versions = with_repository(world)
    CODE_COMMIT.run(asked(world, "S0", start=Start(revisions={"S0": "v1"})), services, SCOPE)
    assert ["v1"] == versions


def test_a_working_tree_has_no_version(world):
    services, versions = with_repository(world)
    CODE_COMMIT.run(asked(world, "S0", start=Start(working_tree=True)), services, SCOPE)
    assert [None] == versions


def test_an_unknown_version_fails_the_action_with_a_way_out(world):
    services, _ = with_repository(world)
    request = asked(world, "S0", start=Start(revisions={"S0": "gone"}))
    result = CODE_COMMIT.run(request, services, SCOPE)
    assert ("Failed", "RevisionUnavailable", "shop: 'gone' is not a branch of it") == (
        result.status,
        result.error.code,
        result.error.message,
    )


CLONED = {
    "RepositoryName": "shop",
    "BranchName": "main",
    "OutputArtifactFormat": "CODEBUILD_CLONE_REF",
}


@pytest.fixture
def shop(world):
    """Make the world's home a repository; give its commit's id."""
    (world.home / ".gitignore").write_text("work\nartifacts\n")
    git(world.home, "init", "--quiet", "--initial-branch", "main")
    git(world.home, "add", ".gitignore")
    git(world.home, "commit", "--quiet", "--message", "one")
    return git(world.home, "rev-parse", "HEAD")


def test_a_clone_reference_is_a_small_json_and_not_the_files(world, shop):
    result = CODE_COMMIT.run(asked(world, "S0", configuration=CLONED), world.services, SCOPE)
    (made,) = result.outputs
    assert (shop, "CODEBUILD_CLONE_REF") == (made.revision_id, made.format)
    assert shop == result.variables["CommitId"]
    with zipfile.ZipFile(
        world.services.artifacts.path(world.services.artifacts.find(made.digest))
    ) as kept:
        (name,) = kept.namelist()
        said = json.loads(kept.read(name))
    assert (shop, str(world.home)) == (said["commit"], said["directory"])


def test_trap_58_a_clone_is_a_whole_repository_detached_at_the_commit(world, shop):
    result = CODE_COMMIT.run(asked(world, "S0", configuration=CLONED), world.services, SCOPE)
    git(world.home, "commit", "--quiet", "--allow-empty", "--message", "two")
    into = world.home / "work" / "clone"
    into.mkdir()
    clone(world.services.artifacts.find(result.outputs[0].digest), world.services, into)
    assert [".git", ".gitignore"] == sorted(path.name for path in into.iterdir())
    assert shop == git(into, "rev-parse", "HEAD")
    assert "HEAD" == git(into, "rev-parse", "--abbrev-ref", "HEAD")
    assert "" == git(into, "status", "--porcelain")


@pytest.mark.parametrize(
    ("branch", "dirty", "said"),
    [("none", False, "shop: 'none' is not a commit"), (None, True, "changes that are not commit")],
)
def test_what_cannot_be_cloned_is_said(world, shop, branch, dirty, said):
    start = Start(working_tree=True) if dirty else Start(revisions={"S0": branch})
    if dirty:
        (world.home / "new").write_text("new")
    request = asked(world, "S0", configuration=CLONED, start=start)
    error = CODE_COMMIT.run(request, world.services, SCOPE).error
    assert "RevisionUnavailable" == error.code
    assert said in error.message
    assert error.hint


def test_a_part_of_a_repository_cannot_be_cloned(world, shop):
    (world.home / "part").mkdir()
    (world.home / "cicd.yml").write_text("local: {repositories: {shop: part}}\n")
    error = CODE_COMMIT.run(asked(world, "S0", configuration=CLONED), world.services, SCOPE).error
    assert "is only a part of the repository" in error.message


def test_an_unknown_output_format_fails_the_action(world):
    configuration = {**CLONED, "OutputArtifactFormat": "ZIP"}
    request = asked(world, "S0", configuration=configuration)
    error = CODE_COMMIT.run(request, world.services, SCOPE).error
    assert ("ConfigurationError", "'ZIP' is not an OutputArtifactFormat") == (
        error.code,
        error.message,
    )


def test_connections_and_github_read_their_own_spelling(world):
    services, versions = with_repository(world)
    connection = {"ConnectionArn": "arn", "FullRepositoryId": "o/r", "BranchName": "dev"}
    result = CONNECTION.run(asked(world, "S0", configuration=connection), services, SCOPE)
    assert ("arn", "o/r") == (
        result.variables["ConnectionArn"],
        result.variables["FullRepositoryName"],
    )
    github = {"Owner": "o", "Repo": "r", "Branch": "next"}
    fresh = replace(asked(world, "S0", configuration=github), workspace=world.home / "again")
    assert "r" == GITHUB.run(fresh, services, SCOPE).variables["RepositoryName"]
    assert ["dev", "next"] == versions


# ── CodeBuild ─────────────────────────────────────────────────────────────────────────────────


def test_environment_variables_are_an_array_of_objects():
    text = '[{"name": "A", "value": "1"}, {"name": "B", "value": "/p", "type": "PARAMETER_STORE"}]'
    assert [("A", "1", "PLAINTEXT"), ("B", "/p", "PARAMETER_STORE")] == [
        (variable.name, variable.value, variable.type)
        for variable in read_environment_variables(text)
    ]


@pytest.mark.parametrize(
    "text",
    [
        *('{"A": "1"}', "A=1", '["A"]', '[{"name": "A"}]', "[" * 100_000),
        '[{"name":"A","value":"1","type":"X"}]',
    ],
)
def test_other_environment_variables_are_refused(text):
    with pytest.raises(ConfigurationInvalid):
        read_environment_variables(text)


def stored(name):
    return StoredArtifact(name=name, digest="0" * 64, key="k")


@pytest.mark.parametrize(
    ("inputs", "primary", "said"),
    [
        ("a b", None, "Compile: it has several inputs and no PrimarySource"),
        ("a b", "c", "Compile: the PrimarySource 'c' is none of its inputs"),
        (
            "a b-c",
            "a",
            (
                "Compile: Invalid input: identifier must contain only alphanumeric characters and "
                "underscores and be less than 128 characters in length ('b-c')"
            ),
        ),
    ],
)
def test_inputs_that_codebuild_would_refuse_fail_the_action(world, inputs, primary, said):
    configuration = {"ProjectName": "app", **({"PrimarySource": primary} if primary else {})}
    request = asked(
        world,
        "Compile",
        configuration=configuration,
        inputs=[stored(name) for name in inputs.split()],
    )
    result = CODE_BUILD.run(request, world.services, SCOPE)
    assert ("ConfigurationError", said) == (result.error.code, result.error.message)


def test_trap_52_keys_are_cut_to_twenty_and_ten_and_do_not_collide():
    one = object_key("a-pipeline-with-a-long-name", "ApplicationBuild", "1" * 64)
    two = object_key("a-pipeline-with-a-long-name", "ApplicationBundle", "2" * 64)
    assert "a-pipeline-with-a-lo/Applicatio/1111111" == one
    assert one != two


def test_every_provider_of_the_table_loads():
    assert all(hasattr(ACTIONS.get(name), "run") for name in ACTIONS)
