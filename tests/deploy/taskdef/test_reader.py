"""A task definition as the service takes it, and what of it counts on this machine."""

import json
from datetime import timedelta

import pytest

from cicd.deploy.taskdef.images import image_of_detail, images_of_definitions
from cicd.deploy.taskdef.reader import read_task_definition
from cicd.document.problem import Problems, Severity
from cicd.engine.codec import decode, encode
from cicd.errors import DocumentError, UsageError
from cicd.ports import DependencyCondition, TaskMount, TaskSetOrder, Ulimit

MIB = 1024 * 1024


def read(*containers, notes=None, **task):
    text = json.dumps({"family": "shop", **task, "containerDefinitions": list(containers)})
    return read_task_definition(text, "taskdef.json", {}, notes)


def web(**more):
    return {"name": "web", "image": "shop:1", **more}


def one(**more):
    return read(web(**more)).containers[0].order


def refused(*containers, **task):
    with pytest.raises(DocumentError) as found:
        read(*containers, **task)
    return {(each.rule, each.message) for each in found.value.problems}


def told(*containers, **task):
    notes = Problems()
    read(*containers, notes=notes, **task)
    return [(str(each.severity), each.message) for each in notes]


def test_what_the_kernel_is_told_is_as_written():
    kernel = one(
        ulimits=[{"name": "nofile", "softLimit": 1024, "hardLimit": 4096}],
        privileged=True,
        readonlyRootFilesystem=True,
        systemControls=[{"namespace": "net.core.somaxconn", "value": "512"}],
        linuxParameters={
            "capabilities": {"add": ["SYS_PTRACE"], "drop": ["MKNOD"]},
            "devices": [{"hostPath": "/dev/fuse", "permissions": ["read", "write"]}],
            "tmpfs": [{"containerPath": "/run", "size": 16, "mountOptions": ["noexec"]}],
            "sharedMemorySize": 128,
            "maxSwap": 0,
            "swappiness": 10,
            "initProcessEnabled": True,
        },
    ).kernel
    assert kernel.ulimits == (Ulimit(name="nofile", soft=1024, hard=4096),)
    assert (kernel.privileged, kernel.read_only_root) == (True, True)
    assert kernel.controls == (("net.core.somaxconn", "512"),)
    assert (kernel.capabilities, kernel.without_capabilities) == (("SYS_PTRACE",), ("MKNOD",))
    assert kernel.devices == (("/dev/fuse", "/dev/fuse", "rw"),)
    assert kernel.tmpfs == (("/run", "size=16m,noexec"),)
    assert (kernel.shared_memory, kernel.swap, kernel.swappiness) == (128 * MIB, 0, 10)


@pytest.mark.parametrize(
    ("volume", "mount"),
    [
        ({"host": {"sourcePath": "/srv/data"}}, {"host": "/srv/data"}),
        ({"dockerVolumeConfiguration": {"scope": "shared"}}, {"shared": "data"}),
        ({"dockerVolumeConfiguration": {"scope": "task"}}, {"volume": "data"}),
        ({}, {"volume": "data"}),
        ({"efsVolumeConfiguration": {"fileSystemId": "fs-1"}}, {"volume": "data"}),
    ],
    ids=["host", "shared", "task", "bare", "elsewhere"],
)
def test_a_mount_point_is_of_a_volume_of_the_task(volume, mount):
    points = [{"sourceVolume": "data", "containerPath": "/data", "readOnly": True}]
    made = read(web(mountPoints=points), volumes=[{"name": "data", **volume}])
    wanted = TaskMount(target="/data", read_only=True, **mount)
    assert made.containers[0].order.mounts == (wanted,)


def test_memory_of_the_task_is_that_of_who_has_none():
    made = read(web(), {"name": "log", "image": "log:1", "memory": 64}, memory="0.5 GB")
    assert [each.order.memory for each in made.containers] == [512 * MIB, 64 * MIB]
    assert read(web(), memory="256").containers[0].order.memory == 256 * MIB


def test_what_is_not_essential_is_started_again_only_by_its_policy():
    assert one().restarts
    assert not one(essential=False).restarts
    assert one(essential=False, restartPolicy={"enabled": True}).restarts


def test_who_waits_comes_after_those_it_waits_for_and_else_the_balanced_one_is_first():
    wait = [{"containerName": "init", "condition": "SUCCESS"}]
    init = {"name": "init", "image": "shop:1", "essential": False, "startTimeout": 7}
    log = {"name": "log", "image": "log:1"}
    made = read(log, web(dependsOn=wait), init)
    order = tuple(each.order for each in made.in_order("web"))
    assert [each.name for each in order] == ["log", "init", "web"]
    assert order[2].waits_for[0].condition is DependencyCondition.SUCCESS
    assert order[1].start_timeout == timedelta(seconds=7)
    assert [each.order.name for each in read(log, web()).in_order("web")] == ["web", "log"]
    tasks = TaskSetOrder(service="s", id="1", count=1, containers=order[1:], port=80)
    assert tasks.network_owner.name == "web"  # what others wait for to end has none to give


def test_what_has_no_effect_is_named_once_and_what_says_nothing_is_not():
    keys = "'executionRoleArn', 'networkMode', 'requiresCompatibilities'"
    said = told(
        web(logConfiguration={"logDriver": "awslogs"}, mountPoints=[], volumesFrom=[], links=[]),
        networkMode="awsvpc",
        executionRoleArn="arn:aws:iam::1:role/r",
        volumes=[],
        requiresCompatibilities=["FARGATE"],
        taskDefinitionArn="arn",
        revision=3,
    )
    assert said == [
        ("note", f"{keys} of the task have no effect on this machine"),
        ("note", "'logConfiguration' of container 'web' has no effect on this machine"),
    ]


@pytest.mark.parametrize(
    ("container", "task", "words"),
    [
        ({"environmentFiles": [{"type": "s3", "value": "arn"}]}, {}, "its variables are missing"),
        ({"resourceRequirements": [{"type": "GPU", "value": "1"}]}, {}, "it gets no GPU"),
        (
            {},
            {"volumes": [{"name": "d", "efsVolumeConfiguration": {"fileSystemId": "f"}}]},
            "the volume 'd' is empty at first",
        ),
    ],
)
def test_without_what_a_task_goes_otherwise_is_a_warning(container, task, words):
    ((severity, message),) = told(web(**container), **task)
    assert severity == Severity.WARNING
    assert words in message


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"dependsOn": [{"containerName": "db"}]}, "on 'db', and the task has no such container"),
        (
            {"dependsOn": [{"containerName": "log", "condition": "COMPLETE"}]},
            "on COMPLETE of 'log', which is essential: the task ends with it",
        ),
        (
            {"dependsOn": [{"containerName": "log", "condition": "HEALTHY"}]},
            "on HEALTHY of 'log', which has no 'healthCheck'",
        ),
        ({"volumesFrom": [{"sourceContainer": "web"}]}, "on what depends on it"),
    ],
)
def test_what_could_never_be_met_is_refused(container, words):
    found = refused(web(**container), {"name": "log", "image": "log:1"})
    assert ("deploy/task-dependency", f"container 'web' depends {words}") in found


def test_a_volume_that_is_not_there_and_a_path_that_is_none_are_refused():
    points = [{"sourceVolume": "data", "containerPath": "/data"}]
    assert ("deploy/task-volume", "the task has no volume 'data'") in refused(
        web(mountPoints=points)
    )
    (found,) = refused(web(), volumes=[{"name": "d", "host": {"sourcePath": "data"}}])
    assert found == ("deploy/task-volume", "the volume 'd' is 'data', which is no absolute path")


def test_a_plan_of_an_earlier_version_is_read():
    order = one(dependsOn=[])
    old = encode(order)
    assert isinstance(old, dict)
    for name in ("waits_for", "kernel", "network", "mounts", "restarts", "start_timeout"):
        del old[name]
    assert decode(type(order), old) == order


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "{}", "[1]"])
def test_files_of_images_that_are_none_are_refused(text):
    for read in (images_of_definitions, image_of_detail):
        with pytest.raises(UsageError, match=r"'f\.json' is not"):
            read(text, "f.json")
