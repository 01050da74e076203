import shutil

import pytest

from cicd.deploy.by_hand import roll_back_deployment
from cicd.deploy.run import plan_deployment
from cicd.errors import UsageError
from tests.deploy.world import SH, World, events, hooks

APPSPEC = "files: [{source: app, destination: /srv/app}]\n"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def deployed(world, name="v1", content="one"):
    scripts = hooks(ApplicationStop="stop.sh", ApplicationStart="start.sh")
    files = {"stop.sh": SH + f"echo stop {name}", "start.sh": SH + f"echo start {name}"}
    return world.deploy(world.revision(name, APPSPEC + scripts, files | {"app/a": content}))


def restart(world, **options):
    return world.deploy(world.root / "nowhere", restart=True, **options)


def archive(world, result):
    return world.agent(f"{world.group_id}/{result.deployment_id}/deployment-archive")


def test_a_restart_runs_every_event_with_the_last_good_revision(world):
    deployed(world)
    bad = world.revision("v2", APPSPEC + hooks(ValidateService="no.sh"), {"no.sh": SH + "exit 1"})
    world.deploy(bad)
    again = restart(world)
    assert "Succeeded" == again.status
    assert {"Succeeded"} == set(events(again).values())
    assert "one" == world.text("/srv/app/a")
    assert "[stdout]start v1" in world.script_log(again)
    assert "RESTART" == again.deployment["deploymentInfo"]["deploymentMode"]


def test_an_instance_restarts_from_what_it_has_unpacked_and_not_from_the_store(world):
    first = deployed(world)
    (archive(world, first) / "app/a").write_text("changed by hand")
    shutil.rmtree(world.root / "home/artifacts")
    again = restart(world)
    assert "Succeeded" == again.status
    assert "changed by hand" == world.text("/srv/app/a")
    assert ["LifecycleEvent - ApplicationStop", "Script - stop.sh", "[stdout]stop v1"] == (
        world.script_log(again)[:3]
    )


@pytest.mark.parametrize("lost", ["", "app/a"])
def test_what_is_missing_or_incomplete_is_downloaded(world, lost):
    first = deployed(world)
    place = archive(world, first) / "app/a"
    if lost:
        place.unlink()
    else:
        shutil.rmtree(archive(world, first))
        shutil.rmtree(world.agent("deployment-instructions"))
        shutil.rmtree(world.at("/srv"))
    assert "Succeeded" == restart(world).status
    assert "one" == world.text("/srv/app/a")


def test_an_instance_that_has_another_revision_downloads_the_last_good_one(world):
    deployed(world)
    bad = world.revision("v2", APPSPEC + hooks(ValidateService="no.sh"), {"no.sh": SH + "exit 1"})
    world.deploy(bad)
    assert "Succeeded" == restart(world).status
    assert "one" == world.text("/srv/app/a")


def test_the_way_back_from_a_later_deployment_is_a_deployment_and_no_restart(world):
    deployed(world)
    restart(world)
    later = deployed(world, "v2", "two")
    back = roll_back_deployment(later.deployment_id, world.services)
    assert "Succeeded" == back.status
    assert "deploymentMode" not in back.deployment["deploymentInfo"]
    assert "one" == world.text("/srv/app/a")


def test_nothing_is_restarted_where_nothing_was_deployed(world):
    with pytest.raises(UsageError, match="there is nothing to restart"):
        restart(world)
    with pytest.raises(UsageError, match="there is nothing to restart"):
        plan_deployment(world.request(world.root, restart=True))
