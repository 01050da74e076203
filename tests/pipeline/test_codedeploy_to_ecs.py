"""CodeDeployToECS: templates and images of several inputs, put together and deployed."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cicd.pipeline.actions.codedeploy_ecs import CODE_DEPLOY_TO_ECS
from cicd.pipeline.result import ActionStatus, StoredArtifact
from cicd.ports import ArtifactFile
from cicd.testing.fake_router import RecordingTrafficRouter
from tests.deploy.service_world import SAMPLE, MemoryTaskSets
from tests.pipeline.test_actions import SCOPE, asked

CONFIGURATION = {
    "ApplicationName": "greeter",
    "DeploymentGroupName": "production",
    "TaskDefinitionTemplateArtifact": "code",
    "AppSpecTemplateArtifact": "code",
    "Image1ArtifactName": "image",
    "Image1ContainerName": "IMAGE1_NAME",
}


class Ordered(MemoryTaskSets):
    """Task sets that remember which images were asked for."""

    def create(self, order, *, secrets):
        self.images = [each.image for each in order.containers]
        return super().create(order, secrets=secrets)


@pytest.fixture
def services(world):
    text = (SAMPLE / "cicd.yml").read_text()
    (world.home / "cicd.yml").write_text(
        text.replace("terminationWaitTimeInMinutes: 5", "terminationWaitTimeInMinutes: 0")
    )
    sets, routers = Ordered(), {}
    return replace(
        world.services,
        task_sets=lambda: sets,
        router=lambda spec: routers.setdefault(spec.name, RecordingTrafficRouter(spec)),
    )


def kept(world, name, **files):
    listed = []
    for place, text in files.items():
        path = world.home / f"{name}-{place}"
        path.write_text(text)
        listed.append(ArtifactFile(path=place.replace("_", "."), source=path))
    return StoredArtifact(name=name, digest=world.services.artifacts.put(listed).digest, key="k")


def run(world, services, detail, configuration=CONFIGURATION):
    code = kept(
        world,
        "code",
        appspec_yaml=Path(SAMPLE / "appspec.yaml").read_text(),
        taskdef_json=Path(SAMPLE / "taskdef.json").read_text(),
    )
    image = kept(world, "image", **detail)
    request = asked(world, "Compile", configuration=configuration, inputs=[code, image])
    return CODE_DEPLOY_TO_ECS.run(request, services, SCOPE)


def test_the_image_of_one_input_is_deployed_with_the_templates_of_another(world, services):
    result = run(world, services, {"imageDetail_json": json.dumps({"ImageURI": "shop:7"})})
    assert result.status is ActionStatus.SUCCEEDED, result.summary
    assert services.task_sets().images == ["shop:7"]
    assert result.external_execution_id.startswith("d-")


def test_an_input_that_lacks_its_file_fails_the_action(world, services):
    result = run(world, services, {"imagedefinitions_json": "[]"})
    assert result.status is ActionStatus.FAILED
    assert "'image' has no file 'imageDetail.json'" in result.error.message
