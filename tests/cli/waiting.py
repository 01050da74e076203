"""A build that waits, and what must hold of it whichever runner builds it."""

import os
import pty
import re
import select
import subprocess
import sys
import time

from tests.cli.killed import PATIENCE, Outside

CTRL_C = "\x03"
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


def outside_of(directory):
    """Write a build that fails in its second command, below a directory of its own."""
    (directory / "sub").mkdir()
    (directory / "sub" / "data").write_text("old\n")
    (directory / "buildspec.yml").write_text(SPEC)
    (directory / "secrets").write_text("/token=tell-nobody\n")
    return Outside(directory)


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
    while "Its time ends" not in said:
        line = process.stdout.readline().decode()
        assert line, said
        assert time.monotonic() < until
        said += line
    return process, re.search(r"Build (\S+),", said)[1], said


def rest_of(process):
    said, _ = process.communicate(timeout=PATIENCE)
    return process.returncode, said.decode()


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
            keys = steps.pop(0)[1]
            if keys == CTRL_C:
                time.sleep(0.5)  # a shell is deaf to it while it starts a command
            os.write(terminal, keys.encode())
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


def assert_a_failure_is_looked_into_mended_and_passed(outside, *words):
    """Enter a build behind its failure, mend its sources and buildspec, and try again."""
    process, build_id, said = waiting(outside, *words, "--break-on", "failure")
    assert "Waiting behind BUILD:2, exit status 3 (buildspec.yml:12:9)" in said
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


def assert_a_killed_front_end_is_no_loss(outside, *words):
    """Kill the process of a build that waits, and let the build go on in another."""
    process, build_id, _ = waiting(outside, *words, "--break-on", "failure")
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


def assert_ctrl_c_stops_it(outside, *words):
    """Interrupt a build that waits."""
    process, build_id, _ = waiting(outside, *words, "--break-on", "BUILD")
    process.send_signal(2)
    status, said = rest_of(process)
    assert (130, True) == (status, f"{build_id}: STOPPED" in said)


def assert_a_shell_in_the_middle_of_a_command_lets_it_go_on(outside, *words):
    """Type into a build that waits inside of a block of commands."""
    (outside.directory / "buildspec.yml").write_text(
        "version: 0.2\nenv: {shell: bash}\nphases: {build: {commands: ["
        '"kept=yes", "cd sub; export MIDDLE=here\\ncodebuild-breakpoint\\necho after"]}}\n'
    )
    (outside.directory / "secrets").write_text("")
    process, _, said = waiting(outside, *words, "--debug")
    assert "Waiting in BUILD:2 (buildspec.yml:3:" in said
    status, screen = typed(
        outside,
        ["builds", "enter"],  # the newest
        ("# ", 'echo "<$kept-$MIDDLE-${PWD##*/}>"; test -t 0 && echo a-"terminal"\r'),
        ("# ", "sh -c 'echo asl\"eep\"; sleep 60'\r"),
        ("asleep", CTRL_C),
        ("# ", "codebuild-resume; exit 5\r"),
    )
    assert 5 == status, screen
    assert "<yes-here-sub>" in screen
    assert "a-terminal" in screen
    status, said = rest_of(process)
    assert (0, True) == (status, "codebuild-breakpoint: the build goes on\nafter\n" in said)
