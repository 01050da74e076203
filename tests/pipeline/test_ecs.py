"""The rolling ECS action: images out of ``imagedefinitions.json``, refused in AWS's words."""

import json
from dataclasses import replace

import pytest

from cicd.pipeline.actions.ecs import ECS_DEPLOY
from cicd.pipeline.actions.workspace import clear
from cicd.pipeline.result import StoredArtifact
from cicd.ports import ArtifactFile
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.rolling.test_carry_out import CICD, TASK, Machine
from tests.pipeline.test_actions import SCOPE, asked

GIVEN = {"ClusterName": "local", "ServiceName": "shop"}
IMAGES = json.dumps([{"name": "web", "imageUri": "shop:1"}])


@pytest.fixture
def services(world):
    (world.home / "cicd.yml").write_text(CICD)
    (world.home / "taskdef.json").write_text(json.dumps(TASK))
    machine, routers = Machine(), {}
    return replace(
        world.services,
        task_sets=lambda: machine,
        router=lambda spec: routers.setdefault(spec.name, RecordingTrafficRouter(spec)),
    )


def run(world, services, *, name="imagedefinitions.json", text=IMAGES, **given):
    path = world.home / "images"
    path.write_text(text)
    kept = services.artifacts.put([ArtifactFile(path=name, source=path)])
    taken = StoredArtifact(name="built", digest=kept.digest, key="shop/built/1234567")
    request = asked(world, "Compile", configuration={**GIVEN, **given}, inputs=[taken])
    clear(request.workspace)  # each action has one of its own
    with services.clock.working():
        return ECS_DEPLOY.run(request, services, SCOPE)


def test_a_service_gets_its_images_and_is_steady(world, services):
    done = run(world, services)
    assert ("Succeeded", "shop:1") == (done.status, done.external_execution_id), done.summary
    assert ["shop:1", "shop:1"] == services.task_sets().images
    other = json.dumps([{"name": "web", "imageUri": "shop:2"}])
    done = run(world, services, name="out/images.json", text=other, FileName="out/images.json")
    assert "Succeeded" == done.status, done.summary


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "images.json"}, "Did not find the image definition file imagedefinitions.json"),
        (
            {"text": '{"ImageURI": "x"}'},  # trap 64
            "The image definition file imagedefinitions.json contents invalid JSON format",
        ),
        ({"text": "["}, "contents invalid JSON format"),
        ({"text": '[{"name": "web"}]'}, "contents invalid JSON format"),
        ({"text": "[]"}, "names no container"),
        ({"text": f"[{' ' * 100_000}]"}, "is larger than 100000 bytes"),
        ({"text": '[{"name": "api", "imageUri": "x"}]'}, "has no container 'api'"),
        ({"DeploymentTimeout": "90"}, "must be minutes from 1 to 60"),
        ({"ServiceName": "other"}, "Service not found: other (ServiceNotFoundException)"),
        ({"ClusterName": "prod"}, "in the cluster 'local', not in 'prod'"),
    ],
)
def test_trap_64_what_cannot_be_deployed_is_a_wrong_configuration(world, services, change, said):
    done = run(world, services, **change)
    assert ("Failed", "ConfigurationError") == (done.status, done.error.code)
    assert said in done.error.message
    assert [] == services.task_sets().images


def test_tasks_that_fail_fail_the_action_with_their_last_words(world, services):
    services.task_sets().bad.add("shop:1")
    done = run(world, services)
    assert ("Failed", "JobFailed") == (done.status, done.error.code)
    assert "circuit breaker was triggered: container 'web' ended with 3: oh" in done.summary
