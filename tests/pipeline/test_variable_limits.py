"""What is too much for AWS's variables fails the action that gives it, or that takes it."""

from dataclasses import replace

from cicd.pipeline.actions.codecommit import CODE_COMMIT
from cicd.ports import Revision
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.world import SUCCEEDED


def build(name, **more):
    return stage(name, action(name, takes="code", **more))


def test_an_action_gives_variables_up_to_their_size(world):
    for size, status in ((122_879, "Succeeded"), (122_880, "Failed")):
        world.provider.ends["Make"] = replace(SUCCEEDED, variables={"A": "x" * size})
        result = world.run(SOURCE_STAGE, build("Make", namespace="Made"))
        assert status == result.status
    assert "ConfigurationError" == result.failure.error.code
    assert "122881 bytes" in result.failure.error.message


def test_a_configuration_is_counted_with_its_references_replaced(world):
    for size, status in ((100 * 1024 - 14, "Succeeded"), (100 * 1024 - 13, "Failed")):
        world.provider.ends["Make"] = replace(SUCCEEDED, variables={"A": "x" * size})
        taken = {"ProjectName": "app#{Made.A}"}
        result = world.run(
            SOURCE_STAGE, build("Make", namespace="Made"), build("Use", configuration=taken)
        )
        assert status == result.status
    assert ("Use", "ConfigurationError") == (result.failure.action, result.failure.error.code)
    assert 1 == world.provider.calls.count("Use")


def test_a_commits_message_is_cut_where_the_service_cuts_it_and_between_characters():
    revision = Revision(id="c0ffee", message="é" * 60_000 + "\n")
    told = CODE_COMMIT._variables({"BranchName": "main", "RepositoryName": "shop"}, revision)
    assert "é" * (50 * 1024) == told["CommitMessage"]
    odd = replace(revision, message="x" + "é" * 60_000)
    told = CODE_COMMIT._variables({"BranchName": "main", "RepositoryName": "shop"}, odd)
    assert "x" + "é" * (50 * 1024 - 1) == told["CommitMessage"]
