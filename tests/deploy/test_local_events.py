"""The events of ``codedeploy-local``: what is put in front, and whose scripts run then."""

import pytest

from cicd.deploy.local_events import local_events
from cicd.errors import UsageError
from tests.deploy.world import World, events, hooks

ALL = (
    "BeforeBlockTraffic,AfterBlockTraffic,ApplicationStop,DownloadBundle,BeforeInstall,Install,"
    "AfterInstall,ApplicationStart,ValidateService,BeforeAllowTraffic,AfterAllowTraffic"
)


@pytest.mark.parametrize(
    ("written", "run"),
    [
        ("BeforeInstall", "DownloadBundle,Install,BeforeInstall"),
        ("ApplicationStop", "DownloadBundle,Install,ApplicationStop"),
        ("ApplicationStop,DownloadBundle", "DownloadBundle,ApplicationStop,Install"),
        ("BeforeInstall,DownloadBundle", "DownloadBundle,BeforeInstall,Install"),
        ("ApplicationStop,DownloadBundle,Install", "ApplicationStop,DownloadBundle,Install"),
        ("BeforeInstall,DownloadBundle,Install", "BeforeInstall,DownloadBundle,Install"),
        ("", ALL),
    ],
)
def test_what_a_list_lacks_is_put_in_front(written, run):
    assert run == ",".join(local_events(written))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("AfterInstall,DownloadBundle,Install", "be specified before DownloadBundle are Before"),
        ("DownloadBundle,ValidateService,Install", "be specified before Install are BeforeBlo"),
        ("BeforeInstall, AfterInstall", "not in PascalCase form:  AfterInstall"),
        ("BlockTraffic", "no lifecycle event that can be asked for"),
        ("Install,Install", "there twice"),
    ],
)
def test_what_cannot_be_is_said_in_its_words(written, words):
    with pytest.raises(UsageError, match=words):
        local_events(written)


@pytest.mark.parametrize(
    ("written", "whose"),
    [("ApplicationStop", "v2"), ("ApplicationStop,DownloadBundle,Install", "v1")],
)
def test_trap_41_application_stop_alone_runs_the_new_revisions_script(tmp_path, written, whose):
    world = World(tmp_path)
    for name in ("v1", "v2"):
        world.revision(name, hooks(ApplicationStop="s.sh"), {"s.sh": f"#!/bin/sh\necho {name}\n"})
    world.deploy(world.root / "revisions/v1")
    result = world.deploy(world.root / "revisions/v2", events=local_events(written))
    assert set(written.split(",")) | {"DownloadBundle", "Install"} == set(events(result))
    assert ["LifecycleEvent - ApplicationStop", "Script - s.sh", f"[stdout]{whose}"] == (
        world.script_log(result)
    )


def test_traffics_scripts_run_without_a_load_balancer(tmp_path):
    world = World(tmp_path)
    revision = world.revision(
        "v1", hooks(BeforeAllowTraffic="s.sh"), {"s.sh": "#!/bin/sh\necho allowed\n"}
    )
    result = world.deploy(revision, events=local_events(""))
    assert "[stdout]allowed" in world.script_log(result)
    assert ALL == ",".join(events(result))
