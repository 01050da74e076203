"""Commands that do what no command should; a build says what became of them."""

import json
import os
import subprocess
import sys

from tests.hostile.conftest import PROGRAM

MEGABYTE = 1024 * 1024


def build(place, *commands, shell="sh"):
    """Run a build of these commands; give how it ended and the lines of its log."""
    listed = "".join(f"      - {json.dumps(command)}\n" for command in commands)
    place.write(
        "buildspec.yml",
        f"version: 0.2\nenv: {{shell: {shell}}}\nphases:\n  build:\n    commands:\n{listed}",
    )
    ended = place.cicd("build", "--output", "plain")
    return ended, ended.out.splitlines()


def test_a_command_that_closes_its_output_is_waited_for(place):
    ended, lines = build(place, "exec >/dev/null 2>&1; echo lost; A=1", "echo next $A")
    assert (0, True, False) == (ended.status, "next 1" in lines, "lost" in lines)


def test_a_command_that_closes_its_output_and_fails_is_red(place):
    ended, _ = build(place, "exec >&- 2>&-; exit 7", "echo no")
    assert 1 == ended.status
    assert "exit status 7" in ended.err


def test_a_daemon_holds_nothing_up_and_what_it_says_is_kept(place):
    ended, lines = build(place, "(sleep 0.3; echo late; exec sleep 300) & echo on", "sleep 0.6")
    assert (0, True) == (ended.status, {"on", "late"} <= set(lines))


def test_a_shell_that_is_replaced_counts_by_what_replaced_it(place):
    ended, lines = build(place, "exec sh -c 'echo replaced; exit 0'", "exec false")
    assert (1, True) == (ended.status, "replaced" in lines)
    assert "exec false" in ended.err


def test_a_command_that_kills_itself_is_red(place):
    ended, _ = build(place, "kill -9 $$; sleep 9", "echo no")
    assert 1 == ended.status
    assert "exit status 137" in ended.err


def test_exit_in_the_middle_ends_that_command(place):
    ended, lines = build(place, "echo a; exit 0; echo b", "echo c")
    assert (0, ["a", "c"]) == (ended.status, [x for x in lines if x in {"a", "b", "c"}])


def test_bytes_that_are_no_text_are_shown_as_well_as_they_can_be(place):
    ended, lines = build(place, r"printf 'nul[\0] high[\377] esc[\033[31m]\n'")
    assert 0 == ended.status
    assert "nul[\0] high[\ufffd] esc[\x1b[31m]" in lines


def test_a_line_without_end_is_cut_and_nothing_of_it_lost(place):
    ended, _ = build(place, f"head -c {20 * MEGABYTE} /dev/zero | tr '\\0' x")
    assert (0, 20 * MEGABYTE) == (ended.status, max(ended.out.count("x"), 0) - OTHER_X)


OTHER_X = 1  # in the command's own line


def test_a_million_lines_need_little_memory(place):
    """The highest water mark of its own, in kilobytes; a build that says nothing takes 30 MB."""
    place.write("buildspec.yml", "version: 0.2\nphases: {build: {commands: [seq 1000000]}}\n")
    place.write(
        "measured.py",
        "import re, sys\nfrom pathlib import Path\nfrom cicd.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    told = Path('/proc/self/status').read_text()\n"
        "    print(re.search(r'VmHWM:\\s+(\\d+)', told)[1], file=sys.stderr)\n",
    )
    done = subprocess.run(
        [sys.executable, "measured.py", "build", "--output", "plain"],
        cwd=place.path,
        env={**os.environ, "CICD_RUNNER": "host", "PYTHONPATH": PROGRAM},
        check=True,
        capture_output=True,
        text=True,
    )
    assert int(done.stderr.splitlines()[-1]) <= 80 * 1024
    numbers = [line for line in done.stdout.splitlines() if line.isdecimal()]
    assert [str(number) for number in range(1, 1_000_001)] == numbers
