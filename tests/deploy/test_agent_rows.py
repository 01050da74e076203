"""What the agent was seen to do, row by row, where no trap is about it."""

import json
import re
import shutil

import pytest

from cicd.deploy.agent import hooks as agent_hooks
from cicd.deploy.spec import FileExistsBehavior
from tests.deploy.world import SH, World, events, hooks, message

OVERWRITE, RETAIN = FileExistsBehavior.OVERWRITE, FileExistsBehavior.RETAIN
WHOLE = "files:\n  - {source: app, destination: /srv/app}\n"


def app(world, name, *files, extra="", scripts=None):
    content = {f"app/{file}": name for file in files}
    return world.revision(name, WHOLE + extra, {**content, **(scripts or {})})


def tree(world, path="/srv/app"):
    root = world.at(path)
    return sorted(each.relative_to(root).as_posix() for each in root.rglob("*"))


# ── Which revision's scripts run (2.4) ────────────────────────────────────────────────────────


def stopping(world, name, fails_in=None):
    scripts = {"stop.sh": SH + f"echo stop of {name}\n", "bad.sh": SH + "exit 1\n"}
    named = {"ApplicationStop": "stop.sh", **({fails_in: "bad.sh"} if fails_in else {})}
    return world.deploy(world.revision(name, hooks(**named), scripts))


@pytest.mark.parametrize(
    ("fails_in", "stopped"),
    [
        ("BeforeInstall", "v1"),
        ("AfterInstall", "v2"),
        ("ApplicationStart", "v2"),
        ("ValidateService", "v2"),
    ],
)
def test_whose_stop_script_runs_depends_on_where_the_last_one_failed(world, fails_in, stopped):
    stopping(world, "v1")
    stopping(world, "v2", fails_in)
    assert f"[stdout]stop of {stopped}" in world.script_log(stopping(world, "v3"))


def test_an_install_that_failed_is_no_last_install(world):
    stopping(world, "v1")
    bad = "files:\n  - {source: nowhere, destination: /srv}\n"
    scripts = {"stop.sh": SH + "echo stop of v2\n"}
    world.deploy(world.revision("v2", bad + hooks(ApplicationStop="stop.sh"), scripts))
    assert "[stdout]stop of v1" in world.script_log(stopping(world, "v3"))


def test_without_the_record_it_is_a_first_deployment_again(world):
    stopping(world, "v1")
    world.agent(f"deployment-instructions/{world.group_id}_last_successful_install").unlink()
    assert [] == world.script_log(stopping(world, "v2"))


def test_a_previous_revision_without_the_event_does_nothing(world):
    world.deploy(world.revision("v1", ""))
    assert [] == world.script_log(stopping(world, "v2"))


def test_an_event_without_scripts_makes_no_log(world):
    result = world.deploy(world.revision("v1", ""))
    logs = world.agent(f"{world.group_id}/{result.deployment_id}/logs")
    assert not (logs / "scripts.log").exists()


# ── Copying (1.4) ─────────────────────────────────────────────────────────────────────────────


def test_a_blank_source_is_the_root_and_slashes_mean_nothing(world):
    for number, source in enumerate(("''", "/", "./app", "/app/", "app")):
        appspec = f"files:\n  - {{source: {source}, destination: /srv/{number}}}\n"
        world.deploy(world.revision(f"v{number}", appspec, {"app/x": "x"}))
        inside = "app/x" if number < 2 else "x"
        assert "x" == world.text(f"/srv/{number}/{inside}")


def test_a_source_is_no_pattern(world):
    appspec = "files:\n  - {source: app/*, destination: /srv}\n"
    result = world.deploy(world.revision("v1", appspec, {"app/x": "x"}))
    assert "Failed" == events(result)["Install"]
    assert "No such file or directory" in message(result)


def test_a_variable_in_a_destination_is_text(world):
    appspec = "files:\n  - {source: app, destination: /srv/$HOME}\n"
    world.deploy(world.revision("v1", appspec, {"app/x": "x"}))
    assert "x" == world.text("/srv/$HOME/x")


def test_a_files_mode_and_time_are_kept(world):
    revision = app(world, "v1", "x")
    (revision / "app/x").chmod(0o750)
    world.deploy(revision)
    assert 0o750 == world.at("/srv/app/x").stat().st_mode & 0o7777


def test_a_directory_that_was_there_keeps_its_mode_and_is_not_recorded(world):
    world.at("/srv/app").mkdir(parents=True)
    world.at("/srv/app").chmod(0o711)
    world.deploy(app(world, "v1", "x"))
    assert 0o711 == world.at("/srv/app").stat().st_mode & 0o7777
    cleanup = world.agent(f"deployment-instructions/{world.group_id}-cleanup").read_text()
    assert ["/srv/app/x"] == cleanup.splitlines()


def test_names_with_blanks_and_accents_are_fine(world):
    world.deploy(app(world, "v1", "a b", "é'\""))
    assert ["a b", "é'\""] == tree(world)
    world.deploy(world.revision("v2", "files: []\n"))
    assert not world.at("/srv/app").exists()


# ── file_exists_behavior (1.6) ────────────────────────────────────────────────────────────────


def foreign(world, path="/srv/app/x"):
    place = world.at(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("mine")
    return place


def test_overwriting_takes_content_and_mode_of_the_revision(world):
    place = foreign(world)
    place.chmod(0o400)
    revision = app(world, "v1", "x")
    (revision / "app/x").chmod(0o755)
    world.deploy(revision, file_exists_behavior=OVERWRITE)
    assert ("v1", 0o755) == (place.read_text(), place.stat().st_mode & 0o7777)


def test_overwriting_a_link_writes_through_it_and_cleans_only_the_link(world):
    target = foreign(world, "/data/x")
    world.at("/srv/app").mkdir(parents=True)
    world.at("/srv/app/x").symlink_to("/data/x")
    world.deploy(app(world, "v1", "x"), file_exists_behavior=OVERWRITE)
    assert "v1" == target.read_text()
    world.deploy(world.revision("v2", "files: []\n"))
    assert target.exists()
    assert not world.at("/srv/app/x").is_symlink()


def test_a_file_over_a_directory_lands_in_it(world):
    world.at("/srv/app/x").mkdir(parents=True)
    world.deploy(app(world, "v1", "x"), file_exists_behavior=OVERWRITE)
    assert "v1" == world.text("/srv/app/x/x")


def test_retained_files_are_not_recorded(world):
    foreign(world)
    world.deploy(app(world, "v1", "x", "y"), file_exists_behavior=RETAIN)
    cleanup = world.agent(f"deployment-instructions/{world.group_id}-cleanup").read_text()
    assert ["/srv/app/y"] == cleanup.splitlines()


# ── Cleanup (3.4) ─────────────────────────────────────────────────────────────────────────────


def test_a_file_of_the_first_revision_only_is_gone_after_the_second(world):
    world.deploy(app(world, "v1", "x", "y/z"))
    world.deploy(app(world, "v2", "x"))
    assert ["x"] == tree(world)


def test_parents_that_were_made_are_removed_when_empty(world):
    appspec = "files:\n  - {source: app, destination: /opt/p/q/r}\n"
    world.deploy(world.revision("v1", appspec, {"app/x": "x"}))
    foreign(world, "/opt/p/mine")
    world.deploy(world.revision("v2", ""))
    assert ["mine"] == tree(world, "/opt/p")


def test_a_deployed_file_replaced_by_an_empty_directory_goes(world):
    world.deploy(app(world, "v1", "x"))
    world.at("/srv/app/x").unlink()
    world.at("/srv/app/x").mkdir()
    result = world.deploy(app(world, "v2", "x"))
    assert ("Succeeded", "v2") == (result.status, world.text("/srv/app/x"))


def test_a_deployed_file_replaced_by_a_full_directory_is_a_conflict(world):
    world.deploy(app(world, "v1", "x"))
    world.at("/srv/app/x").unlink()
    world.at("/srv/app/x").mkdir()
    world.at("/srv/app/x/mine").write_text("mine")
    result = world.deploy(app(world, "v2", "x"))
    assert "already exists at this location: /srv/app/x" in message(result)
    assert "mine" == world.text("/srv/app/x/mine")


def test_an_unterminated_last_line_of_the_cleanup_file_is_dropped(world):
    world.deploy(app(world, "v1", "x"))
    kept = foreign(world, "/etc/kept")
    with world.agent(f"deployment-instructions/{world.group_id}-cleanup").open("a") as file:
        file.write("/etc/kept")
    world.deploy(app(world, "v2", "x"))
    assert kept.exists()


def test_through_a_linked_directory_files_are_removed_and_the_link_stays(world):
    world.at("/data").mkdir(parents=True)
    world.at("/srv").mkdir()
    world.at("/srv/app").symlink_to("/data")
    world.deploy(app(world, "v1", "x"))
    assert "v1" == world.text("/data/x")
    world.deploy(world.revision("v2", ""))
    assert not world.at("/data/x").exists()
    assert world.at("/srv/app").is_symlink()


def test_a_conflict_leaves_the_records_of_the_last_install_as_they_were(world):
    good = world.deploy(app(world, "v1", "x"))
    instructions = world.agent("deployment-instructions")
    before = (instructions / f"{world.group_id}-install.json").read_text()
    foreign(world, "/srv/app/y")
    world.deploy(app(world, "v2", "y"))
    assert before == (instructions / f"{world.group_id}-install.json").read_text()
    assert not (instructions / f"{world.group_id}-cleanup").exists()
    record = (instructions / f"{world.group_id}_last_successful_install").read_text()
    assert record.endswith(good.deployment_id)


def test_without_files_the_instructions_are_an_empty_list(world):
    world.deploy(world.revision("v1", ""))
    place = world.agent(f"deployment-instructions/{world.group_id}-install.json")
    assert {"instructions": []} == json.loads(place.read_text())


# ── Logs (2.9) ────────────────────────────────────────────────────────────────────────────────


def test_the_log_of_all_deployments_names_each_in_the_agents_form(world):
    scripts = {"s.sh": SH + "echo hello; echo; echo oops >&2\n"}
    result = world.deploy(world.revision("v1", hooks(AfterInstall="s.sh"), scripts))
    text = world.agent("deployment-logs/codedeploy-agent-deployments.log").read_text()
    stamp = r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] "
    lines = text.splitlines()
    assert all(re.match(stamp, line) for line in lines)
    said = [re.sub(stamp, "", line) for line in lines]
    name = f"[{result.deployment_id}]"
    assert [f"{name}LifecycleEvent - AfterInstall", f"{name}Script - s.sh"] == said[:2]
    assert {f"{name}[stdout]hello", f"{name}[stdout]", f"{name}[stderr]oops"} == set(said[2:])


def test_the_log_of_all_deployments_turns_over_and_keeps_eight(world, monkeypatch):
    monkeypatch.setattr(agent_hooks, "_ROTATE", 200)
    scripts = {
        "s.sh": SH + "for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo $n " + "x" * 150 + "; done\n"
    }
    world.deploy(world.revision("v1", hooks(AfterInstall="s.sh", ValidateService="s.sh"), scripts))
    logs = world.agent("deployment-logs")
    names = {path.name for path in logs.iterdir()}
    log = "codedeploy-agent-deployments.log"
    assert {log, *(f"{log}.{number}" for number in range(1, 9))} == names


def test_output_that_does_not_end_in_a_line_end_is_logged(world):
    scripts = {"s.sh": SH + "printf end\n"}
    result = world.deploy(world.revision("v1", hooks(AfterInstall="s.sh"), scripts))
    assert "[stdout]end" == world.script_log(result)[-1]


def test_one_line_for_an_event_and_one_for_each_script(world):
    appspec = "hooks:\n  AfterInstall:\n    - location: ' a.sh '\n    - location: b.sh\n"
    result = world.deploy(world.revision("v1", appspec, {"a.sh": SH, "b.sh": SH}))
    assert [
        "LifecycleEvent - AfterInstall",
        "Script - a.sh",
        "Script - b.sh",
    ] == world.script_log(result)


def test_nothing_tracks_an_event_that_is_over(world):
    world.deploy(world.revision("v1", hooks(AfterInstall="s.sh"), {"s.sh": SH}))
    assert [] == list(world.agent("ongoing-deployment").iterdir())


# ── Groups keep apart (3.1) ───────────────────────────────────────────────────────────────────


def test_each_group_cleans_up_only_its_own(tmp_path):
    one = World(tmp_path)
    one.deploy(app(one, "v1", "x"))
    other = World(tmp_path, group_name="jobs", group_id="77aa")
    other.deploy(
        other.revision("jobs", "files:\n  - {source: j, destination: /srv/jobs}\n", {"j/x": "j"})
    )
    one.deploy(one.revision("v2", ""))
    assert "j" == one.text("/srv/jobs/x")
    assert not one.at("/srv/app").exists()


def test_an_instance_without_its_agents_state_conflicts_with_what_is_there(world):
    world.deploy(app(world, "v1", "x"))
    shutil.rmtree(world.agent("deployment-instructions"))
    result = world.deploy(app(world, "v2", "x"))
    assert "already exists at this location: /srv/app/x" in message(result)
