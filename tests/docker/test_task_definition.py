"""What a task definition says, in a container of the engine."""

import json

import pytest

from cicd.backends import docker_engine
from cicd.backends.docker_engine import Engine
from cicd.backends.docker_labels import HOME, home_label
from cicd.backends.services.containers import ContainerTaskSets
from cicd.deploy.taskdef.reader import read_task_definition
from cicd.errors import Unavailable
from cicd.ports import TaskSetOrder
from cicd.testing.contracts_traffic import until

pytestmark = pytest.mark.docker


@pytest.fixture
def sets(tmp_path):
    made = ContainerTaskSets(tmp_path)
    yield made
    made.remove("shop", "one")


def volumes(home):
    filters = json.dumps({"label": [f"{HOME}={home_label(home)}"]})
    found = Engine(docker_engine.endpoint()).call("GET", "/volumes", query={"filters": filters})
    return len(found["Volumes"] or [])


def order(image, *containers, **task):
    listed = [{"image": image, **each} for each in containers]
    text = json.dumps({"family": "shop", "containerDefinitions": listed, **task})
    made = read_task_definition(text, "taskdef.json", {})
    ordered = tuple(each.order for each in made.in_order("web"))
    return TaskSetOrder(service="shop", id="one", count=1, containers=ordered, port=8000)


def test_a_container_is_as_its_definition_says_and_its_volumes_end_with_it(
    sets, docker_image, tmp_path
):
    """The last one waits for the first two, and finds what they wrote where they wrote it."""
    shown = tmp_path / "host/shown"
    done = "mv /host/new /host/shown; sleep 60"
    first = "echo data > /data/word; chmod 777 /host; echo run >> /host/runs"
    look = (
        "cat /data/word /host/word; id -u; pwd; ulimit -n; touch /no 2>/dev/null || echo sealed;"
        "df -m /scratch | tail -1 | tr -s ' ' | cut -d' ' -f2; cat /proc/sys/net/core/somaxconn"
    )
    wanted = order(
        docker_image,
        {
            "name": "web",
            "command": ["sh", "-c", f"({look}) > /host/new; {done}"],
            "dependsOn": [
                {"containerName": "init", "condition": "SUCCESS"},
                {"containerName": "side", "condition": "HEALTHY"},
            ],
            "user": "1234",
            "workingDirectory": "/var/tmp",
            "readonlyRootFilesystem": True,
            "ulimits": [{"name": "nofile", "softLimit": 777, "hardLimit": 777}],
            "linuxParameters": {"tmpfs": [{"containerPath": "/scratch", "size": 3}]},
            "mountPoints": [
                {"sourceVolume": "data", "containerPath": "/data", "readOnly": True},
                {"sourceVolume": "host", "containerPath": "/host"},
            ],
            "healthCheck": {
                "command": ["CMD-SHELL", "test -e /host/shown"],
                "interval": 1,
            },
        },
        {
            "name": "init",
            "essential": False,
            "command": ["sh", "-c", first],
            "mountPoints": [
                {"sourceVolume": "data", "containerPath": "/data"},
                {"sourceVolume": "host", "containerPath": "/host"},
            ],
        },
        {
            "name": "side",
            "command": ["sh", "-c", "echo host > /host/word; sleep 60"],
            "mountPoints": [{"sourceVolume": "host", "containerPath": "/host"}],
            "healthCheck": {"command": ["CMD", "test", "-e", "/host/word"], "interval": 1},
            "systemControls": [{"namespace": "net.core.somaxconn", "value": "99"}],
        },
        volumes=[
            {"name": "data"},
            {"name": "host", "host": {"sourcePath": str(shown.parent)}},
        ],
    )
    sets.create(wanted, secrets={})
    until(shown.exists, "what the last one saw")
    assert shown.read_text().split() == [
        *("data", "host", "1234", "/var/tmp", "777", "sealed", "3", "99")
    ]
    (task,) = sets.look("shop", "one")
    assert task.running
    assert volumes(tmp_path) == 1
    sets.create(wanted, secrets={})
    assert (shown.parent / "runs").read_text() == "run\n"
    sets.remove("shop", "one")
    assert volumes(tmp_path) == 0


def test_who_waits_for_what_fails_is_not_started_and_nothing_is_left(sets, docker_image):
    wait = [{"containerName": "init", "condition": "SUCCESS"}]
    init = {"name": "init", "essential": False, "command": ["sh", "-c", "echo no base; exit 4"]}
    with pytest.raises(Unavailable) as failed:
        sets.create(order(docker_image, {"name": "web", "dependsOn": wait}, init), secrets={})
    assert failed.value.message == (
        "container 'web' waits for SUCCESS of 'init': container 'init' ended with 4: no base"
    )
    assert sets.known("shop") == ()


def test_the_last_words_of_a_container_show_none_of_its_secrets(sets, docker_image):
    wait = [{"containerName": "init", "condition": "SUCCESS"}]
    init = {
        "name": "init",
        "essential": False,
        "command": ["sh", "-c", "echo $WORD is wrong; exit 4"],
        "secrets": [{"name": "WORD", "valueFrom": "/word"}],
    }
    with pytest.raises(Unavailable, match="ended with 4: \\*\\*\\* is wrong"):
        sets.create(
            order(docker_image, {"name": "web", "dependsOn": wait}, init),
            secrets={("init", "WORD"): "hush-hush"},
        )


def test_an_image_that_is_nowhere_is_told_with_what_else_a_deployment_could_take(sets):
    with pytest.raises(Unavailable) as failed:
        sets.create(order("shop.invalid/web:2", {"name": "web"}), secrets={})
    assert failed.value.hint == (
        "`docker pull shop.invalid/web:2` where there is a network; or deploy one that is here, "
        "`--image web=IMAGE`"
    )
