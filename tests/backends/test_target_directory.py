import os
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.backends import instance_world
from cicd.backends.target_directory import DirectoryTarget
from cicd.errors import Unavailable, UsageError
from cicd.ports import CancelToken, HookExit, HookFailure, HookRun, TargetSpec

LIMIT = timedelta(seconds=20)
ISOLATED = [False, True] if instance_world.works() else [False]


def target(tmp_path, *, isolated=False, environment=None):
    made = DirectoryTarget(
        TargetSpec(id="a", location=str(tmp_path / "a"), variables=(("PORT", "80"),)),
        environment if environment is not None else os.environ,
        isolated=isolated,
    )
    made.check()
    return made


def run(made, text, *, name="/s.sh", **variables):
    place = made.path(name)
    place.write_text("#!/bin/sh\n" + text)
    place.chmod(0o755)
    lines = []
    ended = made.run_hook(
        HookRun(
            script=made.inside(place),
            runas=None,
            timeout=timedelta(seconds=20),
            variables=variables,
        ),
        output=lambda stream, line: lines.append((stream, line)),
        cancel=CancelToken(),
    )
    return ended, lines


def test_paths_are_below_the_root(tmp_path):
    made = target(tmp_path)
    assert tmp_path / "a/srv/app" == made.path("/srv/app")
    assert tmp_path / "a/x" == made.path("/../../x")


def test_links_on_the_way_are_followed_inside_and_the_last_one_is_not(tmp_path):
    made = target(tmp_path)
    made.path("/srv").mkdir(exist_ok=True)
    made.path("/srv/out").symlink_to("/etc")
    made.path("/srv/up").symlink_to("../../../..")
    assert tmp_path / "a/etc/passwd" == made.path("/srv/out/passwd")
    assert tmp_path / "a/x" == made.path("/srv/up/x")
    assert tmp_path / "a/srv/out" == made.path("/srv/out")


@given(st.lists(st.sampled_from(["..", "l", "m", "d", "x", ".", ""]), max_size=8))
@settings(max_examples=100, deadline=None)
def test_no_path_leaves_the_root(tmp_path_factory, names):
    root = tmp_path_factory.mktemp("root")
    made = DirectoryTarget(TargetSpec(id="a", location=str(root)), isolated=False)
    (root / "d").mkdir()
    (root / "l").symlink_to("/..")
    (root / "d" / "m").symlink_to("../../../x")
    assert made.path("/" + "/".join(names)).is_relative_to(root)


def test_a_circle_of_links_is_said_so(tmp_path):
    made = target(tmp_path)
    made.path("/l").symlink_to("/l")
    with pytest.raises(Exception, match="circle of links"):
        made.path("/l/x")


def test_the_whole_machine_is_no_instance():
    with pytest.raises(UsageError, match="is the whole machine"):
        DirectoryTarget(TargetSpec(id="a", location="/"), isolated=False).check()


@pytest.mark.parametrize("isolated", ISOLATED)
def test_a_script_says_where_its_instance_is(tmp_path, isolated):
    made = target(tmp_path, isolated=isolated)
    ended, lines = run(made, 'echo "<$CICD_INSTANCE_ROOT>"\necho x > "$CICD_INSTANCE_ROOT/made"\n')
    assert HookExit(status=0) == ended
    assert [("stdout", "<>" if isolated else f"<{tmp_path / 'a'}>")] == lines
    assert "x\n" == (tmp_path / "a/made").read_text()


@pytest.mark.parametrize("isolated", ISOLATED)
def test_a_script_gets_the_instances_variables_and_few_of_ours(tmp_path, isolated):
    made = target(
        tmp_path, isolated=isolated, environment={"PATH": os.environ["PATH"], "SECRET": "s"}
    )
    _, lines = run(made, 'echo "$PORT $GIVEN <$SECRET>"\n', GIVEN="g")
    assert [("stdout", "80 g <>")] == lines


@pytest.mark.parametrize("isolated", ISOLATED)
@pytest.mark.parametrize("status", [1, 7, 255])
def test_the_exit_status_comes_back(tmp_path, isolated, status):
    ended, _ = run(target(tmp_path, isolated=isolated), f"exit {status}\n")
    assert HookExit(failure=HookFailure.EXIT, status=status) == ended


def test_a_signal_leaves_no_status(tmp_path):
    ended, _ = run(target(tmp_path), "kill -9 $$\n")
    assert HookExit(failure=HookFailure.EXIT, status=None) == ended


def test_the_machine_is_read_only_and_the_instance_is_not(tmp_path):
    for isolated in ISOLATED[1:]:
        made = target(tmp_path, isolated=isolated)
        ended, _ = run(made, "touch /usr/bin/x 2>/dev/null && exit 9\ntouch /opt/x /etc/x /new\n")
        assert HookExit(status=0) == ended
        assert (tmp_path / "a/etc/x").exists()
        assert (tmp_path / "a/new").exists()


def test_files_below_usr_are_laid_over_the_machines(tmp_path):
    for isolated in ISOLATED[1:]:
        made = target(tmp_path, isolated=isolated)
        place = made.path("/usr/local/bin/ours")
        place.parent.mkdir(parents=True)
        place.write_text("#!/bin/sh\necho ours\n")
        place.chmod(0o755)
        ended, lines = run(made, "/usr/local/bin/ours; ls /usr/bin/env\n")
        assert HookExit(status=0) == ended
        assert [("stdout", "ours"), ("stdout", "/usr/bin/env")] == lines


def test_su_works_for_root_inside(tmp_path):
    for isolated in ISOLATED[1:]:
        if os.geteuid() == 0:
            made = target(tmp_path, isolated=isolated)
            _, lines = run(made, "su nobody -s /bin/sh -c 'id -un'\n")
            assert [("stdout", "nobody")] == lines


@pytest.mark.parametrize("name", ["etc", "var"])
def test_a_link_in_the_place_of_a_directory_is_not_written_through(tmp_path, name):
    root, outside = tmp_path / "a", tmp_path / "outside"
    outside.mkdir()
    instance_world.prepare(root)
    (root / name).rename(root / "old")
    (root / name).symlink_to(outside)
    with pytest.raises(Unavailable, match=f"/{name} is a link"):
        instance_world.prepare(root)
    assert [] == list(outside.iterdir())


def test_the_shadow_file_is_made_of_the_instances_own_users_only(tmp_path):
    root, private = tmp_path / "a", tmp_path / "private"
    private.write_text("a secret\n")
    instance_world.prepare(root)
    (root / "etc" / "passwd").unlink()
    (root / "etc" / "passwd").symlink_to(private)
    (root / "etc" / "shadow").unlink()
    instance_world.prepare(root)
    assert not (root / "etc" / "shadow").exists()


@pytest.mark.parametrize("isolated", ISOLATED)
def test_a_script_is_looked_at_where_its_link_leads_in_the_instance(tmp_path, isolated):
    made = target(tmp_path, isolated=isolated)
    made.check()
    (tmp_path / "script").write_text("#!/no/such/program\n")  # of the machine, not of the instance
    there = made.path(f"{tmp_path}/script")
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_text("#!/bin/sh\necho ran\n")
    there.chmod(0o755)
    place = made.path("/opt/linked.sh")
    place.parent.mkdir(exist_ok=True)
    place.symlink_to("script.sh")
    made.path("/opt/script.sh").symlink_to(tmp_path / "script" if isolated else there)
    hook = HookRun(script=made.inside(place), runas=None, timeout=LIMIT, variables={})
    lines = []
    ended = made.run_hook(hook, output=lambda *line: lines.append(line), cancel=CancelToken())
    assert (HookExit(status=0, failure=None), [("stdout", "ran")]) == (ended, lines)


@pytest.mark.parametrize("isolated", ISOLATED)
def test_a_pipe_in_the_place_of_a_script_is_not_waited_for(tmp_path, isolated):
    made = target(tmp_path, isolated=isolated)
    made.check()
    place = made.path("/opt/script.sh")
    place.parent.mkdir(exist_ok=True)
    os.mkfifo(place)
    hook = HookRun(script=made.inside(place), runas=None, timeout=LIMIT, variables={})
    ended = made.run_hook(hook, output=lambda *_: None, cancel=CancelToken())
    assert HookFailure.CANNOT_EXECUTE is ended.failure
    assert "Permission denied" in ended.message


def test_a_script_of_root_does_not_read_what_other_processes_have_in_their_environment(tmp_path):
    for isolated in ISOLATED[1:]:
        made = target(tmp_path, isolated=isolated)
        other = subprocess.Popen(["sleep", "60"], env={"PATH": os.environ["PATH"], "TOKEN": "t"})
        try:
            read = f"cat /proc/{other.pid}/environ >/dev/null 2>&1 && echo read\n"
            enter = f"ls /proc/{other.pid}/root/ >/dev/null 2>&1 && echo entered\n"
            _, lines = run(made, f"{read}{enter}kill -0 {other.pid} && echo seen\n")
        finally:
            other.kill()
            other.wait()
        assert [("stdout", "seen")] == lines


def test_two_that_prepare_a_new_instance_at_once_leave_what_the_other_made(tmp_path, monkeypatch):
    instance_world.prepare(tmp_path)
    before = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))
    with monkeypatch.context() as context:
        # The other one was quicker: what is there now was not when it was listed.
        context.setattr(Path, "iterdir", lambda _: iter(()))
        context.setattr(Path, "exists", lambda path: path.name == "passwd")
        instance_world.prepare(tmp_path)
    assert before == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*"))


def test_a_new_instance_has_the_machines_files_as_they_are_at_that_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(instance_world, "_MACHINE", tmp_path / "machine")
    (tmp_path / "machine").mkdir()
    for name, text in (
        ("one", "127.0.0.1 a\n"),
        ("two", "127.0.0.1 a\n"),
        ("three", "10.0.0.1 b\n"),
    ):
        (tmp_path / "machine" / "hosts").write_text(text)
        instance_world.prepare(tmp_path / name)
        assert text == (tmp_path / name / "etc" / "hosts").read_text()


def test_a_link_that_appears_in_an_instance_meanwhile_is_not_written_through(
    tmp_path, monkeypatch
):
    outside = tmp_path / "outside"
    outside.write_text("not the instance's\n")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "hosts").symlink_to(outside)
    with monkeypatch.context() as context:
        # It was not there when the directory was listed.
        context.setattr(Path, "iterdir", lambda _: iter(()))
        instance_world.prepare(root)
    assert "not the instance's\n" == outside.read_text()
