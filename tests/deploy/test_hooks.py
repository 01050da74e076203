import os
import signal

import pytest

from cicd.backends import instance_world
from cicd.deploy.run import run_deployment
from cicd.ports import CancelToken
from tests.deploy.world import GROUP_ID, SH, World, events, hooks, message

ISOLATED = [False, True] if instance_world.works() else [False]


@pytest.fixture(params=ISOLATED, ids=lambda isolated: "isolated" if isolated else "direct")
def world(request, tmp_path):
    return World(tmp_path, isolated=request.param)


def after(world, script, name="v1", extra="", location="s.sh"):
    appspec = f"hooks:\n  AfterInstall:\n    - location: {location}\n{extra}"
    return world.revision(name, appspec, {"s.sh": script})


def test_trap_24_an_invalid_entry_anywhere_fails_before_install_before_any_script(world):
    appspec = hooks(BeforeInstall="s.sh") + "permissions:\n  - {object: /srv, mode: abc}\n"
    result = world.deploy(world.revision("v1", appspec, {"s.sh": SH + "echo ran\n"}))
    assert "Failed" == events(result)["BeforeInstall"]
    assert [] == world.script_log(result)


def test_trap_27_appspec_yaml_alone_fails_at_before_install(world):
    revision = world.revision("v1", None, {"appspec.yaml": "version: 0.0\nos: linux\n"})
    result = world.deploy(revision)
    assert "Failed" == events(result)["BeforeInstall"]
    assert "did not find an AppSpec file within the unpacked revision directory" in message(result)


def test_trap_28_application_stop_is_the_previous_revisions(world):
    world.deploy(
        world.revision("v1", hooks(ApplicationStop="s.sh"), {"s.sh": SH + "echo one; exit 1\n"})
    )
    result = world.deploy(
        world.revision("v2", hooks(ApplicationStop="s.sh"), {"s.sh": SH + "echo two\n"})
    )
    assert "Failed" == events(result)["ApplicationStop"]
    assert "[stdout]one" in world.script_log(result)
    ways_out = world.deploy(
        world.revision("v3", hooks(ApplicationStop="s.sh"), {"s.sh": SH + "echo three\n"}),
        ignore_application_stop_failures=True,
    )
    assert "Succeeded" == ways_out.status
    assert "Failed" == events(ways_out)["ApplicationStop"]


def test_trap_29_previous_means_the_last_completed_install(world):
    stop = {"s.sh": SH + "echo stop of v1\n"}
    world.deploy(world.revision("v1", hooks(ApplicationStop="s.sh"), stop))
    stop = {"s.sh": SH + "echo stop of v2\n", "f.sh": SH + "exit 1\n"}
    world.deploy(world.revision("v2", hooks(ApplicationStop="s.sh", ValidateService="f.sh"), stop))
    result = world.deploy(world.revision("v3", ""))
    assert ["LifecycleEvent - ApplicationStop", "Script - s.sh", "[stdout]stop of v2"] == (
        world.script_log(result)
    )


def test_trap_30_on_the_first_deployment_application_stop_does_nothing(world):
    result = world.deploy(
        world.revision("v1", hooks(ApplicationStop="s.sh"), {"s.sh": SH + "exit 1\n"})
    )
    assert "Succeeded" == events(result)["ApplicationStop"]
    assert [] == world.script_log(result)


def test_trap_31_scripts_of_the_previous_revision_see_the_new_deployment(world):
    script = {"s.sh": SH + "echo $DEPLOYMENT_ID\n"}
    world.deploy(world.revision("v1", hooks(ApplicationStop="s.sh"), script))
    result = world.deploy(world.revision("v2", ""))
    assert f"[stdout]{result.deployment_id}" == world.script_log(result)[-1]


def test_trap_32_scripts_start_in_the_root(world):
    result = world.deploy(after(world, SH + "pwd\n"))
    assert "[stdout]/" == world.script_log(result)[-1]


def test_trap_33_scripts_run_from_the_archive(world):
    result = world.deploy(after(world, SH + 'echo "$0"\n'))
    assert f"{result.deployment_id}/deployment-archive/s.sh" in world.script_log(result)[-1]


def test_trap_34_a_script_that_is_not_executable_is_made_so(world):
    revision = after(world, "#!/bin/sh\necho ran\n")
    (revision / "s.sh").chmod(0o644)
    result = world.deploy(revision)
    assert "[stdout]ran" == world.script_log(result)[-1]
    texts = world.logs.texts(result.stream)
    assert (
        "Script at specified location: s.sh is not executable.  Trying to make it executable."
    ) in texts


def test_trap_34_a_carriage_return_in_the_first_line_is_no_such_file(world):
    result = world.deploy(after(world, "#!/bin/sh\r\necho ran\r\n"))
    assert "failed with error Errno::ENOENT with message No such file or directory - " in message(
        result
    )
    assert "ScriptFailed" == result.detail["diagnostics"]["errorCode"]


def test_a_directory_as_a_script_is_refused_by_the_system(world):
    revision = world.revision("v1", hooks(AfterInstall="d"), {"d/f": "f"})
    assert "Errno::EACCES with message Permission denied" in message(world.deploy(revision))


def test_a_script_without_a_first_line_is_run_by_sh(world):
    result = world.deploy(after(world, "echo plain\n"))
    assert "[stdout]plain" == world.script_log(result)[-1]


def test_an_empty_script_succeeds(world):
    assert "Succeeded" == world.deploy(after(world, "")).status


def test_a_missing_script_is_named_by_its_whole_path(world):
    result = world.deploy(world.revision("v1", hooks(AfterInstall="nope.sh")))
    assert message(result).endswith("/deployment-archive/nope.sh")
    assert "ScriptMissing" == result.detail["diagnostics"]["errorCode"]


def test_trap_35_a_location_takes_no_arguments(world):
    result = world.deploy(after(world, SH, location="s.sh now"))
    assert "ScriptMissing" == result.detail["diagnostics"]["errorCode"]


def test_trap_35_a_name_with_a_blank_does_not_work_although_it_exists(world):
    revision = world.revision("v1", hooks(AfterInstall='"sp ace.sh"'), {"sp ace.sh": SH})
    result = world.deploy(revision)
    assert "failed with error Errno::ENOENT" in message(result)
    assert message(result).endswith("deployment-archive/sp")


def test_trap_36_a_child_that_keeps_stdout_open_fails_at_the_timeout(world):
    script = SH + "sleep 30 &\necho $! > ${CICD_INSTANCE_ROOT:-}/tmp/pid\n"
    world.at("/tmp").mkdir(parents=True, exist_ok=True)
    result = world.deploy(after(world, script, extra="      timeout: 1\n"))
    assert "Script at specified location: s.sh failed to close STDOUT" == message(result)
    number = int(world.text("/tmp/pid"))
    os.kill(number, 0)
    os.kill(number, signal.SIGKILL)


def test_trap_36_stderr_alone_kept_open_is_said_so(world):
    script = SH + "sleep 30 >/dev/null &\necho $! > ${CICD_INSTANCE_ROOT:-}/tmp/pid\n"
    world.at("/tmp").mkdir(parents=True, exist_ok=True)
    result = world.deploy(after(world, script, extra="      timeout: 1\n"))
    assert "Script at specified location: s.sh failed to close STDERR" == message(result)
    os.kill(int(world.text("/tmp/pid")), signal.SIGKILL)


def test_trap_36_a_child_that_closes_in_time_succeeds_late(world):
    result = world.deploy(after(world, SH + "(sleep 0.3; echo late) &\n"))
    assert "Succeeded" == result.status
    assert "[stdout]late" == world.script_log(result)[-1]


def test_a_detached_server_outlives_its_event(world):
    script = SH + (
        "sleep 30 >/dev/null 2>&1 </dev/null &\necho $! > ${CICD_INSTANCE_ROOT:-}/tmp/pid\n"
    )
    world.at("/tmp").mkdir(parents=True, exist_ok=True)
    stop = SH + "kill -0 $(cat ${CICD_INSTANCE_ROOT:-}/tmp/pid)\n"
    revision = world.revision(
        "v1",
        hooks(ApplicationStart="s.sh", ValidateService="c.sh"),
        {"s.sh": script, "c.sh": stop},
    )
    assert "Succeeded" == world.deploy(revision).status
    os.kill(int(world.text("/tmp/pid")), signal.SIGKILL)


def test_trap_37_a_timeout_terminates_the_group_once(world):
    script = SH + "trap 'echo told; exit 0' TERM\nsleep 30 &\nwait\n"
    result = world.deploy(after(world, script, extra="      timeout: 1\n"))
    assert "Script at specified location: s.sh failed to complete in 1 seconds" == message(result)
    assert "ScriptTimedOut" == result.detail["diagnostics"]["errorCode"]
    assert "[stdout]told" == world.script_log(result)[-1]


def test_trap_37_one_that_ignores_the_signal_is_waited_for(world):
    script = SH + "trap '' TERM\nsleep 1.5\necho finished\n"
    result = world.deploy(after(world, script, extra="      timeout: 1\n"))
    assert "[stdout]finished" == world.script_log(result)[-1]
    assert "ScriptTimedOut" == result.detail["diagnostics"]["errorCode"]


def test_trap_38_an_unknown_user_is_a_failed_script(world):
    result = world.deploy(after(world, SH, extra="      runas: nosuchuser\n"))
    assert (
        "Script at specified location: s.sh run as user nosuchuser failed with exit code 1"
    ) == message(result)
    assert any(line.startswith("[stderr]") for line in world.script_log(result))


def test_trap_39_sudo_wipes_the_agents_variables(world):
    result = world.deploy(
        after(world, SH + 'echo "<$DEPLOYMENT_ID>"\n', extra="      sudo: true\n")
    )
    assert "[stdout]<>" == world.script_log(result)[-1]


def test_trap_40_hooks_of_traffic_events_are_not_run(world):
    revision = world.revision("v1", hooks(BeforeAllowTraffic="s.sh"), {"s.sh": SH + "exit 1\n"})
    assert "Succeeded" == world.deploy(revision).status


def test_trap_58_the_log_has_no_blank_after_the_bracket_and_nothing_else(world):
    script = SH + "echo hello\necho\nprintf 'no end'\nsleep 0.1\necho oops >&2\n"
    appspec = "hooks:\n  AfterInstall:\n    - location: '  ./s.sh  '\n  BeforeInstall: []\n"
    result = world.deploy(world.revision("v1", appspec, {"s.sh": script}))
    lines = world.script_log(result)
    assert ["LifecycleEvent - AfterInstall", "Script - ./s.sh"] == lines[:2]
    assert ["[stderr]oops", "[stdout]", "[stdout]hello", "[stdout]no end"] == sorted(lines[2:])
    both = world.agent("deployment-logs/codedeploy-agent-deployments.log").read_text()
    assert f"[{result.deployment_id}]LifecycleEvent - AfterInstall\n" in both


def test_scripts_of_one_event_run_in_order_and_stop_at_the_first_failure(world):
    appspec = "hooks:\n  AfterInstall:\n" + "".join(
        f"    - location: {name}.sh\n" for name in "abc"
    )
    scripts = {"a.sh": SH + "echo a\n", "b.sh": SH + "exit 3\n", "c.sh": SH + "echo c\n"}
    lines = world.script_log(world.deploy(world.revision("v1", appspec, scripts)))
    assert ["[stdout]a", "Script - b.sh"] == lines[2:]


def test_standard_input_is_at_its_end(world):
    assert "Succeeded" == world.deploy(after(world, SH + "cat\n")).status


def test_one_line_of_two_kilobytes_empties_the_tail(world):
    result = world.deploy(after(world, SH + "head -c 2100 /dev/zero | tr '\\0' x; exit 1\n"))
    assert "" == result.detail["diagnostics"]["logTail"]


def test_a_deleted_archive_breaks_the_next_application_stop(world):
    first = world.deploy(after(world, SH, extra="  ApplicationStop: [{location: s.sh}]\n"))
    for path in sorted(world.agent(f"6f5b/{first.deployment_id}").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    result = world.deploy(world.revision("v2", ""))
    assert "did not find an AppSpec file" in message(result)
    assert first.deployment_id in message(result)


def test_a_kill_ends_a_running_script_without_grace(world):
    cancel = CancelToken()

    class Killer:
        def event(self, stream, event, said):
            pass

        def line(self, stream, line):
            if line.text == "[stdout]ready":
                cancel.cancel("KILLED")

    world.listen(Killer())
    script = SH + "trap '' TERM\necho ready\nsleep 30; echo finished\n"
    result = run_deployment(world.request(after(world, script)), world.services, cancel=cancel)
    assert "Stopped" == result.status
    assert [] == [line for line in world.script_log(result) if "finished" in line]


@pytest.mark.parametrize("isolated", ISOLATED)
def test_the_users_own_environment_does_not_reach_a_script(tmp_path, isolated, monkeypatch):
    monkeypatch.setenv("PRIVATE", "x")
    world = World(tmp_path, isolated=isolated)
    result = world.deploy(after(world, SH + 'echo "<$PRIVATE>"\n'))
    assert "[stdout]<>" == world.script_log(result)[-1]


@pytest.mark.parametrize(
    "place",
    [
        *("/opt", "/opt/codedeploy-agent", "/opt/codedeploy-agent/deployment-root"),
        *("/opt/codedeploy-agent/deployment-root/deployment-logs", "/opt/codedeploy-agent/cicd"),
        "/opt/codedeploy-agent/deployment-root/deployment-instructions",
        "/opt/codedeploy-agent/deployment-root/deployment-logs/codedeploy-agent-deployments.log",
    ],
)
def test_a_link_in_the_place_of_the_agents_own_files_leads_nobody_outside(world, tmp_path, place):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    leads_to = outside / "kept" if place.endswith(".log") else outside
    inside = f'"$CICD_INSTANCE_ROOT"{place}'
    moved = f"rm -rf {inside}.old; mv {inside} {inside}.old; ln -s {leads_to} {inside}"
    script = f"{SH}{moved}\necho x\n"
    revision = after(world, script)
    world.deploy(revision)
    for _ in range(2):
        result = world.deploy(revision)
        assert "Failed" == result.status
        assert "link" in message(result)
    assert ["kept"] == [each.name for each in outside.iterdir()]
    assert "kept" == (outside / "kept").read_text()


@pytest.mark.parametrize(
    "place",
    [
        "/opt/codedeploy-agent/deployment-root/deployment-logs/codedeploy-agent-deployments.log",
        f"/opt/codedeploy-agent/deployment-root/deployment-instructions/{GROUP_ID}-cleanup",
    ],
)
def test_a_pipe_in_the_place_of_the_agents_own_files_is_not_waited_for(world, place):
    inside = f'"$CICD_INSTANCE_ROOT"{place}'
    revision = after(world, f"{SH}rm {inside}; mkfifo {inside}\necho x\n")
    world.deploy(revision)
    for _ in range(2):
        result = world.deploy(revision)
        assert "Failed" == result.status
        assert f"in the place of {place}" in message(result).replace(str(world.root / "web-1"), "")
