from datetime import timedelta

import pytest

from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.run import execution_state
from cicd.pipeline.timeouts import limit
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.world import MINUTE

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("Build/AWS/CodeBuild", 36),
        ("Test/AWS/CodeBuild", 8),
        ("Deploy/AWS/CodeDeploy", 120),
        ("Deploy/AWS/S3", 1.5),
        ("Source/AWS/CodeCommit", 1),
        ("Build/Custom/Mine", 24),
    ],
)
def test_every_provider_has_its_limit(name, hours):
    category, owner, provider = name.split("/")
    kind = ActionTypeId(category=category, owner=owner, provider=provider, version="1")
    assert hours * HOUR == limit(kind)


def test_an_action_that_is_not_over_in_time_is_ended_and_failed(world):
    world.provider.takes = {"Checkout": 5 * HOUR, "Other": MINUTE}
    begun = world.clock.now()
    result = world.run(SOURCE_STAGE, stage("Build", action("Compile", takes="code")))
    assert HOUR == world.clock.now() - begun
    assert "Failed" == result.status
    found = execution_state(result.stream, world.services).actions["Source/Checkout"].result
    assert "the action was not over after 1:00:00, and was ended" == found.error.message
    assert ["Checkout"] == world.provider.calls


def test_an_action_within_its_limit_is_left_alone(world):
    world.provider.takes = {"Compile": 35 * HOUR}
    result = world.run(SOURCE_STAGE, stage("Build", action("Compile", takes="code")))
    assert "Succeeded" == result.status
