"""A build that waits, seen from outside: entered, mended, driven on; through a terminal, too."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from tests.cli.killed import PATIENCE, Outside

RUNNERS = ["host", *(["sandbox"] if sys.platform == "linux" else [])]
SPEC = """version: 0.2
env:
  variables: {GREETING: "hello world"}
  parameter-store: {TOKEN: /token}
phases:
  pre_build:
    commands:
      - cd sub && hidden=unexported
  build:
    commands:
      - echo one
      - "cat data; exit 3"
    finally:
      - echo fin
  post_build:
    commands:
      - echo succeeding $CODEBUILD_BUILD_SUCCEEDING
"""


@pytest.fixture
def outside(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data").write_text("old\n")
    (tmp_path / "buildspec.yml").write_text(SPEC)
    (tmp_path / "secrets").write_text("/token=tell-nobody\n")
    return Outside(tmp_path)


def waiting(outside, *words):
    """Start a build, and give its process, its id and what it said once it waits."""
    process = outside.start(
        "build",
        *("--env-file", "secrets"),
        *words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said = ""
    until = time.monotonic() + PATIENCE
    while "give up" not in said:
        line = process.stdout.readline().decode()
        assert line, said
        assert time.monotonic() < until
        said += line
    return process, re.search(r"Build (\S+),", said)[1], said


def rest_of(process):
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said.decode()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_failure_is_looked_into_mended_and_passed(outside, runner):
    process, build_id, said = waiting(outside, "--runner", runner, "--break-on", "failure")
    assert "ended with exit status 3 (buildspec.yml:12:9)" in said
    assert f"{build_id}  1       IN_PROGRESS (waits)" in outside.run("builds", "list")[1]
    look = 'echo "[$GREETING] [$hidden] [$TOKEN] ${PWD##*/} $CODEBUILD_BUILD_SUCCEEDING"; exit 9'
    status, out, _ = outside.run("builds", "enter", build_id, "--env-file", "secrets", "--", look)
    assert (9, "[hello world] [unexported] [tell-nobody] sub 0\n") == (status, out)
    (outside.directory / "sub" / "data").write_text("new\n")
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("exit 3", "true"))
    status, _, said = outside.run("builds", "retry", build_id, "--from", "here")
    assert (0, True) == (status, "goes on where it was started" in said)
    status, said = rest_of(process)
    assert (0, 1) == (status, said.count("new\n"))
    assert "succeeding 1" in said
    assert "tell-nobody" not in outside.run("builds", "logs", build_id)[1]


def test_a_build_whose_cicd_was_killed_while_it_waits_goes_on(outside):
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "failure")
    process.kill()
    process.communicate()
    assert "IN_PROGRESS (waits, left running)" in outside.run("builds", "list")[1]
    assert "look around" in outside.run("builds", "show", build_id)[1]
    status, out, said = outside.run("builds", "resume", build_id, "--env-file", "secrets")
    assert 1 == status
    assert out.endswith(f"Build {build_id}: FAILED in {out.rpartition(' in ')[2]}")
    assert "succeeding 0" in out
    assert "the last that it wrote:\n        old" in said
    assert [] == list((outside.directory / ".cicd" / "sessions").iterdir())


def test_going_back_without_a_front_end_drives_the_build_here(outside):
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "failure")
    process.kill()
    process.communicate()
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("exit 3", "true"))
    status, out, _ = outside.run(
        "builds", "retry", build_id, "--from", "BUILD:1", "--env-file", "secrets"
    )
    assert (0, 1) == (status, out.count("$ echo one"))


def test_ctrl_c_stops_a_build_that_waits(outside):
    process, build_id, _ = waiting(outside, "--runner", "host", "--break-on", "BUILD")
    process.send_signal(2)
    status, said = rest_of(process)
    assert (130, True) == (status, f"{build_id}: STOPPED" in said)


def test_what_does_not_wait_is_told_apart(outside):
    (outside.directory / "buildspec.yml").write_text(SPEC.replace("exit 3", "true"))
    assert 0 == outside.run("build", "--runner", "host", "--env-file", "secrets")[0]
    (build_id,) = outside.ids()
    assert 2 == outside.run("builds", "retry", build_id, "--from", "BUILD")[0]
    assert 2 == outside.run("builds", "enter", build_id)[0]
    status, _, said = outside.run("build", "--runner", "host", "--break-on", "99")
    assert (2, True) == (status, "commands begin at these: 8, 11, 12, 14, 17" in said)


def typed(outside, words, *steps):
    """Run a command at a terminal; give its status and screen. Steps: (what is seen, typed)."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(outside.directory)
        environment = {**outside._environment(), "TERM": "dumb"}
        os.execve(sys.executable, [*outside.command, *words], environment)
    screen, until = "", time.monotonic() + PATIENCE
    steps = list(steps)
    mark = 0
    while True:
        assert time.monotonic() < until, screen
        if steps and steps[0][0] in screen[mark:]:
            mark = len(screen)
            time.sleep(0.5)  # as a hand would: a shell is deaf to Ctrl-C while it starts a command
            os.write(terminal, steps.pop(0)[1].encode())
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                data = b""
            if not data:
                break
            screen += data.decode(errors="replace")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_shell_in_the_middle_of_a_command_sees_what_it_exports_and_lets_it_go_on(
    outside, runner
):
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nenv: {shell: bash}\nphases: {build: {commands: ["
        '"kept=yes", "cd sub; export MIDDLE=here\\ncodebuild-breakpoint\\necho after"]}}\n'
    )
    (outside.directory / "secrets").write_text("")
    process, build_id, said = waiting(outside, "--runner", runner, "--debug")
    assert "Waiting at the codebuild-breakpoint of BUILD (buildspec.yml:3:" in said
    status, screen = typed(
        outside,
        ["builds", "enter", build_id],
        ("# ", 'echo "<$kept-$MIDDLE-${PWD##*/}>"; test -t 0 && echo a-"terminal"\r'),
        ("# ", "sh -c 'echo asl\"eep\"; sleep 60'\r"),
        ("asleep", "\x03"),
        ("# ", "codebuild-resume; exit 5\r"),
    )
    assert 5 == status, screen
    assert "<yes-here-sub>" in screen
    assert "a-terminal" in screen
    status, said = rest_of(process)
    assert (0, True) == (status, "codebuild-breakpoint: the build goes on\nafter\n" in said)


def test_breakpoints_are_nothing_without_a_debug_session(outside):
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nphases: {build: {commands: [codebuild-breakpoint, codebuild-resume]}}\n"
    )
    assert 0 == outside.run("build", "--runner", "host")[0]


def test_an_old_build_is_built_once_more_as_a_new_one(outside):
    assert 1 == outside.run("build", "--runner", "host", "--env-file", "secrets")[0]
    (first,) = outside.ids()
    status, out, _ = outside.run(
        "builds", "retry", first, "--env-file", "secrets", "--output", "json"
    )
    again = json.loads(out.splitlines()[-1])
    assert (1, 2, "FAILED") == (status, again["buildNumber"], again["buildStatus"])
    assert [again["id"], first] == outside.ids()


def test_lists_logs_and_badges_say_what_was_asked_for(outside):
    assert "UNKNOWN" in outside.run("builds", "badge")[1]
    assert 1 == outside.run("build", "--runner", "host", "--env-file", "secrets")[0]
    assert "no SUCCEEDED builds yet\n" == outside.run("builds", "list", "--status", "succeeded")[2]
    assert "FAILED" in outside.run("builds", "list", "--status", "FAILED")[1]
    (build_id,) = outside.ids()
    log = outside.run("builds", "logs", build_id, "--phase", "post_build")[1]
    lines = [line.split(" ", 3)[-1] for line in log.splitlines() if line]
    assert "Entering phase POST_BUILD" == lines[0]
    assert "succeeding 0" in log.splitlines()
    assert "Phase complete: POST_BUILD State: SUCCEEDED" == lines[-2]
    assert 2 == outside.run("builds", "logs", build_id, "--phase", "test")[0]
    assert "b.svg: FAILING\n" == outside.run("builds", "badge", "-o", "b.svg")[1]
    assert "<title>build: FAILING</title>" in (outside.directory / "b.svg").read_text()
    assert "UNKNOWN" in outside.run("builds", "badge", "--branch", "nowhere")[1]
