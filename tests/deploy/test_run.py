import pytest

from cicd.deploy.by_hand import roll_back_deployment, stop_deployment
from cicd.deploy.plan import RollbackEvent
from cicd.deploy.run import get_deployment, resume_deployment, run_deployment
from cicd.deploy.spec import FileExistsBehavior
from cicd.engine.signals import send
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.ports import CancelToken
from cicd.testing.fakes import RecordingReporter
from tests.deploy.world import SH, World, events, hooks, message, statuses

FILES = "files:\n  - source: app\n    destination: /srv/app\n"


def version(world, name, extra="", files=None):
    return world.revision(name, FILES + extra, {"app/index.html": name, **(files or {})})


def test_a_deployment_goes_through_the_events_of_the_order_in_place(world):
    result = world.deploy(version(world, "v1"))
    assert "Succeeded" == result.status
    assert {
        "ApplicationStop": "Succeeded",
        "DownloadBundle": "Succeeded",
        "BeforeInstall": "Succeeded",
        "Install": "Succeeded",
        "AfterInstall": "Succeeded",
        "ApplicationStart": "Succeeded",
        "ValidateService": "Succeeded",
    } == events(result)
    assert "v1" == world.text("/srv/app/index.html")


def test_an_id_is_a_d_and_nine_capitals_or_digits(world):
    result = world.deploy(version(world, "v1"))
    letters = result.deployment_id.removeprefix("d-")
    assert 9 == len(letters)
    assert letters == letters.upper()


def test_the_result_has_the_shape_of_get_deployment(world):
    info = world.deploy(version(world, "v1")).deployment["deploymentInfo"]
    assert "Succeeded" == info["status"]
    assert "shop" == info["applicationName"]
    assert "web" == info["deploymentGroupName"]
    assert "CodeDeployDefault.OneAtATime" == info["deploymentConfigName"]
    assert 1 == info["deploymentOverview"]["Succeeded"]
    assert "errorInformation" not in info


def test_a_script_sees_the_variables_of_the_agent(world):
    script = SH + "env | grep -E '^(LIFECYCLE|DEPLOY|APPLICATION_N|BUNDLE|NAME)' | sort\n"
    result = world.deploy(version(world, "v1", hooks(AfterInstall="a.sh"), {"a.sh": script}))
    assert [
        "LifecycleEvent - AfterInstall",
        "Script - a.sh",
        "[stdout]APPLICATION_NAME=shop",
        "[stdout]DEPLOYMENT_GROUP_ID=6f5b",
        "[stdout]DEPLOYMENT_GROUP_NAME=web",
        f"[stdout]DEPLOYMENT_ID={result.deployment_id}",
        "[stdout]LIFECYCLE_EVENT=AfterInstall",
        "[stdout]NAME=web-1",
    ] == world.script_log(result)


def test_trap_46_a_failed_deployment_does_not_undo_instances_that_succeeded(tmp_path):
    world = World(tmp_path, ids=("a", "b", "c"))
    check = SH + '[ "$NAME" != b ]\n'
    result = world.deploy(version(world, "v1", hooks(AfterInstall="c.sh"), {"c.sh": check}))
    assert "Failed" == result.status
    assert ["Succeeded", "Failed", "Skipped"] == statuses(result)
    assert "v1" == world.text("/srv/app/index.html", "a")
    assert not world.at("/srv/app", "c").exists()
    code = result.deployment["deploymentInfo"]["errorInformation"]["code"]
    assert "HEALTH_CONSTRAINTS" == code


def test_events_after_a_failed_one_are_skipped(world):
    bad = {"c.sh": SH + "echo no; exit 7\n"}
    result = world.deploy(version(world, "v1", hooks(AfterInstall="c.sh"), bad))
    assert "Failed" == events(result)["AfterInstall"]
    assert "Skipped" == events(result)["ApplicationStart"]
    assert "Script at specified location: c.sh failed with exit code 7" == message(result)
    assert {
        "errorCode": "ScriptFailed",
        "scriptName": "c.sh",
        "message": "Script at specified location: c.sh failed with exit code 7",
        "logTail": "LifecycleEvent - AfterInstall\nScript - c.sh\n[stdout]no\n",
    } == result.detail["diagnostics"]
    assert "web-1: AfterInstall: Script at specified location: c.sh failed" in result.failure


def test_trap_47_a_rollback_is_a_new_deployment_of_the_last_good_revision(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    good = world.deploy(version(world, "v1"), file_exists_behavior=None)
    bad = world.deploy(
        version(world, "v2", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    )
    assert "Failed" == bad.status
    assert "Succeeded" == bad.rollback.status
    assert "v1" == world.text("/srv/app/index.html")
    info = bad.rollback.deployment["deploymentInfo"]
    assert "codeDeployRollback" == info["creator"]
    assert bad.deployment_id == info["rollbackInfo"]["rollbackTriggeringDeploymentId"]
    stays = get_deployment(bad.deployment_id, world.services).deployment["deploymentInfo"]
    assert "Failed" == stays["status"]
    assert bad.rollback.deployment_id == stays["rollbackInfo"]["rollbackDeploymentId"]
    assert good.deployment_id in stays["rollbackInfo"]["rollbackMessage"]


def test_without_an_earlier_success_there_is_no_rollback(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    bad = world.deploy(
        version(world, "v1", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    )
    assert bad.rollback is None
    info = get_deployment(bad.deployment_id, world.services).deployment["deploymentInfo"]
    assert "no earlier deployment" in info["rollbackInfo"]["rollbackMessage"]


def test_a_failing_rollback_is_not_rolled_back(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    counting = SH + "echo x >> /tmp/n; [ $(wc -l < /tmp/n) -lt 2 ]\n"
    world.deploy(version(world, "v1", hooks(ValidateService="c.sh"), {"c.sh": counting}))
    bad = world.deploy(
        version(world, "v2", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    )
    assert "Failed" == bad.rollback.status
    assert bad.rollback.rollback is None


def test_trap_29_a_rollback_runs_the_failed_revisions_application_stop(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    stop = {"stop.sh": SH + "echo stop of v1\n"}
    world.deploy(version(world, "v1", hooks(ApplicationStop="stop.sh"), stop))
    stop = {"stop.sh": SH + "echo stop of v2\n", "c.sh": SH + "exit 1\n"}
    bad = world.deploy(
        version(world, "v2", hooks(ApplicationStop="stop.sh", ValidateService="c.sh"), stop)
    )
    assert "[stdout]stop of v1" in world.script_log(bad)
    assert "[stdout]stop of v2" in world.script_log(bad.rollback)


def test_a_group_takes_one_deployment_at_a_time(world):
    revision = version(world, "v1")
    world.deploy(revision)
    nested = []

    class Nosy:
        def event(self, stream, event, said):
            if not nested and event.kind == "STARTED":
                with pytest.raises(UsageError) as refusal:
                    run_deployment(world.request(revision), world.services)
                nested.append(refusal.value.message)

        def line(self, stream, line):
            pass

    world.listen(Nosy())
    second = world.deploy(revision)
    said = f"already has an active Deployment '{second.deployment_id}'"
    assert [
        f"The Deployment Group 'web' {said} (DeploymentLimitExceededException)",
    ] == nested


def test_after_a_stop_running_events_finish_and_none_begins(tmp_path):
    world = World(tmp_path, ids=("a", "b"))
    cancel = CancelToken()

    class Stopper:
        def event(self, stream, event, said):
            if event.kind == "STARTED" and event.key == "a/AfterInstall":
                cancel.cancel("STOPPED")

        def line(self, stream, line):
            pass

    world.listen(Stopper())
    slow = {"s.sh": SH + "sleep 0.2; echo done\n"}
    request = world.request(version(world, "v1", hooks(AfterInstall="s.sh"), slow))
    result = run_deployment(request, world.services, cancel=cancel)
    assert "Stopped" == result.status
    assert "Succeeded" == events(result, "a")["AfterInstall"]
    assert "Skipped" == events(result, "a")["ApplicationStart"]
    assert "Skipped" == events(result, "b")["ApplicationStop"]
    information = result.deployment["deploymentInfo"]["errorInformation"]
    assert "MANUAL_STOP" == information["code"]


def test_a_stop_rolls_back_where_the_group_says_so(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_STOP_ON_REQUEST,))
    world.deploy(version(world, "v1"))
    cancel = CancelToken()

    class Stopper:
        def event(self, stream, event, said):
            if event.kind == "STARTED" and event.key == "web-1/AfterInstall":
                cancel.cancel("STOPPED")

        def line(self, stream, line):
            pass

    world.listen(Stopper())
    result = run_deployment(world.request(version(world, "v2")), world.services, cancel=cancel)
    assert ("Stopped", "Succeeded") == (result.status, result.rollback.status)
    assert "v1" == world.text("/srv/app/index.html")


def test_a_description_has_256_characters_at_most(world):
    revision = version(world, "v1")
    world.deploy(revision, description="x" * 256)
    with pytest.raises(UsageError, match="DescriptionTooLongException"):
        world.deploy(revision, description="x" * 257)


def test_a_deployment_that_is_over_cannot_be_stopped(world):
    result = world.deploy(version(world, "v1"))
    with pytest.raises(UsageError, match="DeploymentAlreadyCompletedException"):
        stop_deployment(result.deployment_id, world.services)


def cut(world, result, at_key):
    """Leave a log as a driver that died in ``at_key`` would, under the same stream."""
    version = next(
        version
        for version, event in world.log.read(result.stream)
        if event.kind == "STARTED" and event.key == at_key
    )
    world.log.cut(result.stream, to=version)
    world.executions.update(result.stream, "InProgress", world.services.clock.now())


def test_a_resumed_deployment_runs_the_interrupted_event_again(world):
    result = world.deploy(version(world, "v1"))
    cut(world, result, "web-1/Install")
    resumed = resume_deployment(result.deployment_id, world.services)
    assert "Succeeded" == resumed.status
    assert "v1" == world.text("/srv/app/index.html")


def test_a_resume_tells_people_and_subscribers_only_what_is_new(world):
    result = world.deploy(version(world, "v1"))
    cut(world, result, "web-1/Install")
    told = RecordingReporter()
    world.listen(told)
    resume_deployment(result.deployment_id, world.services)
    assert f"Going on with {result.deployment_id}: 1 InProgress" == told.said()[0]
    assert "web-1: Install Succeeded" == told.said()[1]


def test_a_deployment_that_nobody_drives_is_concluded_by_a_stop(world):
    result = world.deploy(version(world, "v1"))
    cut(world, result, "web-1/Install")
    answer = stop_deployment(result.deployment_id, world.services)
    assert "Succeeded" == answer["status"]
    stopped = get_deployment(result.deployment_id, world.services)
    assert "Stopped" == stopped.status
    assert "Failed" == events(stopped)["Install"]


def test_a_stop_may_forbid_the_rollback(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_STOP_ON_REQUEST,))
    world.deploy(version(world, "v1"))
    result = world.deploy(version(world, "v2"))
    cut(world, result, "web-1/AfterInstall")
    stop_deployment(result.deployment_id, world.services, auto_rollback=False)
    stopped = get_deployment(result.deployment_id, world.services)
    assert "rollbackInfo" not in stopped.deployment["deploymentInfo"]


def failing(world):
    """Deploy a good revision, then a bad one that is rolled back; give the second's result."""
    world.deploy(version(world, "v1"))
    return world.deploy(
        version(world, "v2", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    )


def forget(world, result, *, after):
    """Leave the world as a driver that died right after ``after`` of ``result`` would."""
    if after == "CONCLUDED":
        signalled = next(
            version
            for version, event in world.log.read(result.stream)
            if event.data.get("signal") == "rollback"
        )
        world.log.cut(result.stream, to=signalled - 1)
        group = f"deployment-group/{world.group_id}"
        world.log.cut(group, to=len(world.log.read(group)) - 1)
    world.executions._records.pop(result.rollback.stream)
    world.log.cut(result.rollback.stream, to=1 if after == "SUBMITTED" else 0)
    world.at("/srv/app/index.html").write_text("broken")


@pytest.mark.parametrize("after", ["CONCLUDED", "SIGNALLED", "SUBMITTED"])
def test_a_resume_starts_the_rollback_that_a_dead_driver_owed(tmp_path, after):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    bad = failing(world)
    forget(world, bad, after=after)
    resumed = resume_deployment(bad.deployment_id, world.services)
    assert ("Failed", "Succeeded") == (resumed.status, resumed.rollback.status)
    assert "v1" == world.text("/srv/app/index.html")
    noted = [e for _, e in world.log.read(bad.stream) if e.data.get("signal") == "rollback"]
    assert [resumed.rollback.deployment_id] == [e.data["rollbackDeploymentId"] for e in noted]
    if after != "CONCLUDED":
        assert bad.rollback.deployment_id == resumed.rollback.deployment_id


def test_a_resume_goes_on_with_a_rollback_that_was_cut_short(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    bad = failing(world)
    cut(world, bad.rollback, "web-1/Install")
    resumed = resume_deployment(bad.deployment_id, world.services)
    assert "Succeeded" == resumed.rollback.status
    assert bad.rollback.deployment_id == resumed.rollback.deployment_id


def test_a_rollback_is_carried_out_once(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    bad = failing(world)
    assert resume_deployment(bad.deployment_id, world.services).rollback is None
    assert 3 == len(world.executions.list(kind="deployment"))


def test_a_deployment_that_was_overtaken_is_not_rolled_back(tmp_path):
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    bad = failing(world)
    forget(world, bad, after="CONCLUDED")
    later = world.deploy(version(world, "v3"))
    resumed = resume_deployment(bad.deployment_id, world.services)
    assert resumed.rollback is None
    assert "v3" == world.text("/srv/app/index.html")
    said = resumed.deployment["deploymentInfo"]["rollbackInfo"]["rollbackMessage"]
    assert f"{bad.deployment_id} is not rolled back: {later.deployment_id} was deployed" in said


def test_a_rollback_signal_shows_in_the_original(world):
    result = world.deploy(version(world, "v1"))
    send(world.log, world.services.clock, result.stream, "rollback", rollbackDeploymentId="d-2")
    info = get_deployment(result.deployment_id, world.services).deployment["deploymentInfo"]
    assert "d-2" == info["rollbackInfo"]["rollbackDeploymentId"]


def test_an_invalid_appspec_is_refused_with_its_positions(world):
    revision = world.revision("v1", "hooks: [a]\n")
    with pytest.raises(DocumentError) as refusal:
        world.deploy(revision, refuse_invalid=True)
    assert 3 == refusal.value.problems[0].span.line


def test_a_pipelines_invalid_appspec_fails_the_deployment_at_before_install(world):
    result = world.deploy(world.revision("v1", "hooks: [a]\n"))
    assert "Failed" == result.status
    assert "Failed" == events(result)["BeforeInstall"]


def test_an_appspec_of_ecs_is_refused_where_the_group_is_for_servers(world):
    ecs = "Resources:\n  - TargetService:\n      Type: AWS::ECS::Service\n"
    with pytest.raises(Unavailable, match="is for ECS, and the group is for servers"):
        world.deploy(world.revision("e", ecs))


def test_an_unknown_deployment_is_a_usage_error(world):
    with pytest.raises(UsageError, match="DeploymentDoesNotExistException"):
        get_deployment("d-NOTTHERE1", world.services)


def test_people_read_each_event_of_each_instance(world):
    world.deploy(version(world, "v1"))
    assert "web-1: AfterInstall Succeeded" in world.reporter.said()


def test_lines_of_scripts_reach_the_log_under_their_event(world):
    result = world.deploy(
        version(world, "v1", hooks(AfterInstall="a.sh"), {"a.sh": SH + "echo hello\n"})
    )
    lines = [line for _, line in world.logs.read(result.stream)]
    assert "web-1/AfterInstall" == lines[-1].origin
    assert "[stdout]hello" == lines[-1].text


def test_an_instance_that_failed_goes_first_the_next_time(tmp_path):
    world = World(tmp_path, ids=("a", "b"), config="AllAtOnce")
    check = SH + '[ "$NAME" != b ]\n'
    world.deploy(version(world, "v1", hooks(AfterInstall="c.sh"), {"c.sh": check}))
    again = world.deploy(version(world, "v2"))
    targets = again.deployment["deploymentTargets"]
    assert ["b", "a"] == [target["instanceTarget"]["targetId"] for target in targets]


def test_a_rollback_by_hand_goes_to_the_last_good_one_before_and_links_both(world):
    first = world.deploy(version(world, "v1"))
    second = world.deploy(version(world, "v2"))
    back = roll_back_deployment(second.deployment_id, world.services)
    assert ("Succeeded", "v1") == (back.status, world.text("/srv/app/index.html"))
    info = back.deployment["deploymentInfo"]
    assert "user" == info["creator"]
    assert second.deployment_id == info["rollbackInfo"]["rollbackTriggeringDeploymentId"]
    linked = get_deployment(second.deployment_id, world.services).deployment["deploymentInfo"]
    assert "Succeeded" == linked["status"]
    assert back.deployment_id == linked["rollbackInfo"]["rollbackDeploymentId"]
    assert first.deployment_id in linked["rollbackInfo"]["rollbackMessage"]


def test_a_rollback_of_a_rollback_goes_forward_again(world):
    world.deploy(version(world, "v1"))
    second = world.deploy(version(world, "v2"))
    back = roll_back_deployment(second.deployment_id, world.services)
    roll_back_deployment(back.deployment_id, world.services)
    assert "v2" == world.text("/srv/app/index.html")


def test_without_a_good_one_before_there_is_nothing_to_go_back_to(world):
    first = world.deploy(version(world, "v1"))
    with pytest.raises(UsageError, match="no earlier deployment to 'web' succeeded"):
        roll_back_deployment(first.deployment_id, world.services)
    assert 1 == len(world.executions.list(kind="deployment"))


def test_a_deployment_that_is_not_over_is_not_rolled_back(world):
    world.deploy(version(world, "v1"))
    result = world.deploy(version(world, "v2"))
    cut(world, result, "web-1/Install")
    with pytest.raises(UsageError, match="is not over"):
        roll_back_deployment(result.deployment_id, world.services)


@pytest.mark.parametrize(("wish", "rolled_back"), [(True, True), (False, False), (None, False)])
def test_a_deployment_may_ask_for_or_forbid_its_rollback(world, wish, rolled_back):
    world.deploy(version(world, "v1"))
    bad = version(world, "v2", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    assert rolled_back == (world.deploy(bad, auto_rollback=wish).rollback is not None)


def test_trap_47_a_rollback_takes_the_good_deployments_file_exists_behavior(tmp_path):
    """Trap 47: not that of the deployment that failed."""
    world = World(tmp_path, rollback=(RollbackEvent.DEPLOYMENT_FAILURE,))
    world.deploy(version(world, "v1"), file_exists_behavior=FileExistsBehavior.RETAIN)
    bad = version(world, "v2", hooks(ValidateService="c.sh"), {"c.sh": SH + "exit 1\n"})
    result = world.deploy(bad, file_exists_behavior=FileExistsBehavior.OVERWRITE)
    assert "RETAIN" == result.rollback.deployment["deploymentInfo"]["fileExistsBehavior"]
