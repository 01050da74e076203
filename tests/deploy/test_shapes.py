"""What a deployment looks like to a program is in the very shapes of the API."""

import sys

from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import get_deployment
from cicd.deploy.traffic.plan import BlueAction, BlueGreenOptions
from tests.deploy.service_world import deploy, service_world
from tests.deploy.shift.test_function import World as FunctionWorld
from tests.deploy.traffic.world import TrafficWorld
from tests.deploy.world import SH, World, hooks
from tests.functions.world import home

FILES = "files: [{source: app, destination: /srv}]\n"


def shape_of(operation):
    # Found at run time: nothing of the program loads it.
    session = sys.modules.get("botocore.session") or __import__("botocore.session").session
    model = session.get_session().get_service_model("codedeploy")
    return model.operation_model(operation).output_shape


def strays(shape, value, path=""):
    """Give what of a value is not of its shape: an unknown key, another type, no such word."""
    if shape.type_name == "structure":
        for key, inner in value.items():
            if key in shape.members:
                yield from strays(shape.members[key], inner, f"{path}.{key}")
            else:
                yield f"{path}.{key} is unknown"
    elif shape.type_name == "list":
        for item in value:
            yield from strays(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        for inner in value.values():
            yield from strays(shape.value, inner, f"{path}{{}}")
    elif not isinstance(value, _TYPES[shape.type_name]) or not _is_known(shape, value):
        yield f"{path} is {value!r}"


def _is_known(shape, word):
    words = getattr(shape, "enum", None)
    return not words or word in words


_TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": int | float,
    "timestamp": str,
}


def strays_of(result):
    shapes = (
        ("GetDeployment", "deploymentInfo"),
        ("BatchGetDeploymentTargets", "deploymentTargets"),
    )
    return [
        stray
        for operation, key in shapes
        for stray in strays(shape_of(operation), {key: result.deployment[key]})
    ]


def test_deployments_in_place_good_and_bad_and_their_rollbacks(tmp_path):
    world = World(
        root=tmp_path, ids=("a", "b"), rollback=(RollbackEvent.DEPLOYMENT_FAILURE,), isolated=False
    )
    good = world.deploy(world.revision("v1", FILES, {"app/x": ""}))
    bad = FILES + hooks(AfterInstall="fail.sh")
    failed = world.deploy(world.revision("v2", bad, {"app/x": "", "fail.sh": SH + "exit 1\n"}))
    original = get_deployment(failed.deployment_id, world.services)
    assert ["Succeeded", "Failed", "Succeeded"] == [
        each.status for each in (good, original, failed.rollback)
    ]
    for each in (good, original, failed.rollback):
        assert [] == strays_of(each)


def test_a_deployment_names_the_revision_that_the_group_had_before(tmp_path):
    world = World(root=tmp_path, isolated=False)
    first, second = (
        world.deploy(world.revision(name, FILES, {"app/x": name}), revision_name=name)
        for name in ("v1", "v2")
    )
    assert "previousRevision" not in first.deployment["deploymentInfo"]
    info = second.deployment["deploymentInfo"]
    assert first.deployment["deploymentInfo"]["revision"] == info["previousRevision"]
    assert "v1" == info["previousRevision"]["s3Location"]["key"]
    assert [] == strays_of(second)


def test_a_shift_of_a_services_traffic(tmp_path):
    world = service_world(tmp_path)
    for _ in range(2):
        result = deploy(world)
        assert [] == strays_of(result)
        assert 1 == len(result.endpoints)  # that of the service, whichever task set serves


def test_a_blue_green_deployment_with_its_load_balancer(tmp_path):
    world = TrafficWorld(
        root=tmp_path,
        ids=("a",),
        green_ids=("b",),
        options=BlueGreenOptions(blue_action=BlueAction.KEEP_ALIVE),
    )
    for name in ("v1", "v2"):
        result = world.deploy(world.revision(name, FILES, {"app/x": ""}))
        assert [] == strays_of(result)
        meant = result.deployment["deploymentInfo"]["targetInstances"]
        assert {"tagFilters": [], "autoScalingGroups": []} == meant


def test_a_shift_of_a_functions_alias_and_a_failed_one(tmp_path):
    with home(tmp_path, speed=600) as services:
        world = FunctionWorld(tmp_path, services)
        assert [] == strays_of(world.deploy())
        world.write("1", "2")  # the alias points elsewhere by now
        failed = world.deploy()
        assert "Failed" == failed.status
        assert [] == strays_of(failed)
