"""``codedeployagent.yml`` of an instance: what it changes, and what it is told not to."""

import pytest

from tests.deploy.world import SH, World, events, hooks, message

PLACE = "/etc/codedeploy-agent/conf/codedeployagent.yml"


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def configure(world, text):
    place = world.at(PLACE)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def said(world):
    return [line.text for _, line in world.reporter.lines]


@pytest.mark.parametrize(("key", "most"), [(":max_revisions", 2), ("max_revisions", 3)])
def test_so_many_revisions_are_kept_as_the_instance_says(world, key, most):
    configure(world, f"---\n{key}: {most}\n:wait_between_runs: 1\n:log_aws_wire: true\n")
    revision = world.revision("v1", "")
    for _ in range(5):
        assert "Succeeded" == world.deploy(revision).status
    assert most == len([*world.agent("6f5b").iterdir()])
    assert [] == [line for line in said(world) if "no effect" in line]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (":max_revisions: 0\n", "'max_revisions' of /etc/"),
        (":max_revisions: many\n", "must be 1 or more, not 'many'"),
        (":children: 2\n", "'children' of /etc/"),
        ("- a\n", "is no mapping"),
        (":a: [\n", f"{PLACE}:2:1"),
    ],
)
def test_an_agent_that_does_not_start_with_its_file_runs_no_event(world, text, words):
    configure(world, text)
    result = world.deploy(world.revision("v1", ""))
    assert ("Failed", {"Skipped"}) == (result.status, set(events(result).values()))
    assert words in result.failure


def test_what_would_change_a_deployment_and_does_not_is_told_once(world):
    configure(world, ":root_dir: /srv/agent\n:strip_loader_env_in_hooks: true\n:verbose: true\n")
    assert "Succeeded" == world.deploy(world.revision("v1", "")).status
    told = f"{PLACE}: root_dir, strip_loader_env_in_hooks have no effect here"
    assert [told] == [line for line in said(world) if "no effect" in line]


def test_the_log_of_all_deployments_can_be_turned_off(world):
    configure(world, ":enable_deployments_log: false\n")
    scripts = hooks(AfterInstall="a.sh")
    result = world.deploy(world.revision("v1", scripts, {"a.sh": SH + "echo hello\n"}))
    assert "[stdout]hello" in world.script_log(result)
    assert not world.agent("deployment-logs").exists()


@pytest.mark.parametrize(
    ("key", "spoil"),
    [
        ("reject_symlinks_in_bundle", lambda place: place.symlink_to("elsewhere")),
        (
            "reject_unsafe_permissions_in_bundle",
            lambda place: (place.write_text("x"), place.chmod(0o4755)),
        ),
    ],
)
def test_an_instance_may_refuse_links_and_special_modes_in_a_revision(world, key, spoil):
    revision = world.revision("v1", "")
    (revision / "app").mkdir()
    spoil(revision / "app/it")
    assert "Succeeded" == world.deploy(revision).status
    configure(world, f":{key}: true\n")
    result = world.deploy(revision)
    assert "Failed" == events(result)["DownloadBundle"]
    assert "app/it of the revision is " in message(result)
    assert f"'{key}: true'" in message(result)


def test_a_restart_unpacks_anew_where_archives_are_not_to_be_used_again(world):
    configure(world, ":enable_archive_reuse: false\n")
    files = "files: [{source: a, destination: /srv}]\n"
    first = world.deploy(world.revision("v1", files, {"a": "one"}))
    world.agent(f"6f5b/{first.deployment_id}/deployment-archive/a").write_text("changed")
    world.deploy(world.root / "nowhere", restart=True)
    assert "one" == world.text("/srv/a")
