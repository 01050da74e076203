"""
Every promise of ``ports.InstanceTarget``, as tests.

An adapter's test is a subclass that gives the fixtures ``target``, an instance that was never
used, with the variable PORT of value "80", and ``unusable``, one that cannot be used at all.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

import pytest

from cicd.errors import CicdError, Unavailable
from cicd.ports import CancelToken, HookExit, HookFailure, HookRun

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import InstanceTarget

AGENT_ROOT = "/opt/codedeploy-agent/deployment-root"
PATIENCE = timedelta(seconds=20)  # a script's timeout where none is to be reached
SHORT = timedelta(milliseconds=700)
SUCCEEDED = HookExit(status=0)


class InstanceTargetContract:
    """Subclass it, and give the fixtures ``target`` and ``unusable``."""

    switches_users: ClassVar[bool] = True

    @pytest.fixture(autouse=True)
    def _checked(self, target: InstanceTarget) -> None:
        target.check()

    # ── Places ────────────────────────────────────────────────────────────────────────────────

    def test_checking_again_keeps_what_is_there(self, target: InstanceTarget) -> None:
        """Every lifecycle event checks."""
        place = _file(target, "/srv/kept", "kept")
        target.check()
        assert place.read_text() == "kept"

    def test_what_cannot_be_used_is_said_by_check(self, unusable: InstanceTarget) -> None:
        """As one of our own exceptions, with a hint."""
        with pytest.raises(CicdError) as refused:
            unusable.check()
        assert refused.value.hint

    def test_the_agents_root_is_where_the_agent_has_it(self, target: InstanceTarget) -> None:
        """And can be written to once the instance was checked."""
        assert target.agent_root == target.path(AGENT_ROOT)
        (target.agent_root / "state").mkdir()
        assert target.path(f"{AGENT_ROOT}/state").is_dir()

    def test_paths_are_one_for_us_and_for_hooks(self, target: InstanceTarget) -> None:
        """What ``path`` gives is what a hook finds under the name that ``inside`` gives."""
        place = _file(target, "/srv/app/f", "ours\n")
        name = target.inside(place)
        assert target.path(name) == place
        ended, lines = run(target, f"cat '{name}'; echo theirs > '{name}'")
        assert (ended, lines) == (SUCCEEDED, [("stdout", "ours")])
        assert place.read_text() == "theirs\n"

    def test_the_root_has_a_name_too(self, target: InstanceTarget) -> None:
        """There and back."""
        root = target.path("/")
        assert target.path(target.inside(root)) == root

    def test_dots_and_slashes_do_not_matter(self, target: InstanceTarget) -> None:
        """And the top is its own parent."""
        assert target.path("//srv/./x/../y/") == target.path("/srv/y")
        assert target.path("/../../y") == target.path("/y")

    def test_links_on_the_way_are_the_instances_own(self, target: InstanceTarget) -> None:
        """Absolute ones begin at its root, and none leads out of it; the last is not followed."""
        srv = target.path("/srv")
        srv.mkdir(exist_ok=True)
        (srv / "absolute").symlink_to("/etc")
        (srv / "up").symlink_to("../" * 40 + "etc")
        assert target.path("/srv/absolute/x") == target.path("/etc/x")
        assert target.path("/srv/up/x") == target.path("/etc/x")
        assert target.path("/srv/absolute") == srv / "absolute"

    def test_a_circle_of_links_is_no_place(self, target: InstanceTarget) -> None:
        """Rather than a wait for ever."""
        target.path("/a").symlink_to("b")
        target.path("/b").symlink_to("a")
        with pytest.raises(Unavailable):
            target.path("/a/x")

    def test_its_clock_is_ours_give_or_take_a_moment(self, target: InstanceTarget) -> None:
        """It tells whole seconds at best."""
        assert abs(target.skew()) < timedelta(seconds=5)

    # ── Hooks ─────────────────────────────────────────────────────────────────────────────────

    def test_both_outputs_arrive_by_line_under_their_names(self, target: InstanceTarget) -> None:
        """Complete before it returns, the last line without its end included."""
        ended, lines = run(target, "echo 1; echo 2 >&2; echo 3; printf 4")
        assert ended == SUCCEEDED
        assert [line for name, line in lines if name == "stdout"] == ["1", "3", "4"]
        assert [line for name, line in lines if name == "stderr"] == ["2"]

    def test_nothing_of_much_output_is_lost(self, target: InstanceTarget) -> None:
        """From both outputs at once."""
        count = "i=0; while [ $i -lt 5000 ]; do echo $i; echo e$i >&2; i=$((i+1)); done"
        _, lines = run(target, count)
        assert [line for name, line in lines if name == "stdout"] == [str(n) for n in range(5000)]
        assert [line for name, line in lines if name == "stderr"] == [f"e{n}" for n in range(5000)]

    def test_standard_input_is_empty(self, target: InstanceTarget) -> None:
        """A script that asks gets no answer."""
        assert run(target, "read answer || echo none") == (SUCCEEDED, [("stdout", "none")])

    @pytest.mark.parametrize("status", [1, 7, 126, 127, 130, 137, 255])
    def test_the_exit_status_comes_back(self, target: InstanceTarget, status: int) -> None:
        """As it is."""
        ended, _ = run(target, f"exit {status}")
        assert ended == HookExit(failure=HookFailure.EXIT, status=status)

    def test_what_a_signal_ends_has_not_succeeded(self, target: InstanceTarget) -> None:
        """Whether or not a status is known."""
        ended, _ = run(target, "kill -9 $$")
        assert ended.failure is HookFailure.EXIT
        assert ended.status in (None, 137)

    def test_a_script_gets_its_variables_and_the_instances(self, target: InstanceTarget) -> None:
        """Whatever a value holds; the hook's own win."""
        _, lines = run(target, 'echo "$PORT <$GIVEN>"', GIVEN="a 'b' \"$c\" é")
        assert lines == [("stdout", "80 <a 'b' \"$c\" é>")]
        assert run(target, "echo $PORT", PORT="81")[1] == [("stdout", "81")]

    def test_a_script_does_not_get_our_own_variables(
        self, target: InstanceTarget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Somebody's credentials, say."""
        monkeypatch.setenv("CONTRACT_SECRET", "s")
        assert run(target, 'echo "<$CONTRACT_SECRET>"')[1] == [("stdout", "<>")]

    def test_a_script_without_a_first_line_is_the_shells(self, target: InstanceTarget) -> None:
        """As the system's own shell would have it."""
        ended, lines = run(target, "echo ran", first="")
        assert (ended, lines) == (SUCCEEDED, [("stdout", "ran")])

    @pytest.mark.parametrize("first", ["#!/no/such/program\n", "#!/bin/sh\r\n"])
    def test_a_missing_interpreter_cannot_be_executed(
        self, target: InstanceTarget, first: str
    ) -> None:
        """Said in the system's words; and nothing ran."""
        ended, lines = run(target, "echo ran", first=first)
        assert ended.failure is HookFailure.CANNOT_EXECUTE
        assert "No such file or directory" in ended.message
        assert lines == []

    def test_a_missing_script_and_a_directory_cannot_be_executed(
        self, target: InstanceTarget
    ) -> None:
        """Both in the system's words."""
        target.path("/srv").mkdir(exist_ok=True)
        for name in ("/srv", "/srv/none"):
            hook = HookRun(
                script=target.inside(target.path(name)), runas=None, timeout=PATIENCE, variables={}
            )
            ended = target.run_hook(hook, output=lambda *_: None, cancel=CancelToken())
            assert ended.failure is HookFailure.CANNOT_EXECUTE
            assert name.rpartition("/")[2] in ended.message

    def test_another_user_may_run_it(self, target: InstanceTarget) -> None:
        """The one that is named."""
        if self.switches_users:
            ended, lines = run(target, "id -un", runas="root")
            assert (ended, lines) == (SUCCEEDED, [("stdout", "root")])

    def test_an_unknown_user_runs_nothing(self, target: InstanceTarget) -> None:
        """And the hook has not succeeded."""
        ended, lines = run(target, "echo ran", runas="nobody-by-this-name")
        assert ended.failure is not None
        assert ("stdout", "ran") not in lines

    # ── Time, and what is left behind ─────────────────────────────────────────────────────────

    def test_at_its_timeout_a_script_is_asked_once_and_waited_for(
        self, target: InstanceTarget
    ) -> None:
        """What it says on the way out is heard; it has timed out, however it ends."""
        script = "trap 'echo asked; exit 0' TERM; while :; do sleep 0.05; done"
        ended, lines = run(target, script, timeout=SHORT)
        assert ended == HookExit(failure=HookFailure.TIMED_OUT)
        assert [line for name, line in lines if name == "stdout"] == ["asked"]

    def test_the_timeout_reaches_the_children(self, target: InstanceTarget) -> None:
        """A script that only waits for its child ends with it."""
        ended, _ = run(target, "sleep 600; exit 0", timeout=SHORT)
        assert ended == HookExit(failure=HookFailure.TIMED_OUT)

    @pytest.mark.parametrize(
        ("closed", "failure"),
        [(">/dev/null", HookFailure.STDERR_OPEN), ("2>/dev/null", HookFailure.STDOUT_OPEN)],
    )
    def test_a_child_that_keeps_an_output_open_is_told_from_a_timeout(
        self, target: InstanceTarget, closed: str, failure: HookFailure
    ) -> None:
        """The script has ended, with its status; the child goes on."""
        ended, _ = run(target, f"sleep 3 {closed} & exit 0", timeout=SHORT)
        assert ended == HookExit(failure=failure, status=0)

    def test_a_server_goes_on_when_its_hook_has_ended(self, target: InstanceTarget) -> None:
        """And its number is one that the next hook can use."""
        place = target.path("/pid")
        name = target.inside(place)
        start = f"sleep 600 >/dev/null 2>&1 </dev/null & echo $! > '{name}'"
        assert run(target, start)[0] == SUCCEEDED
        assert run(target, f"kill -0 $(cat '{name}') && kill $(cat '{name}')")[0] == SUCCEEDED

    def test_a_cancelled_hook_is_asked_to_end(self, target: InstanceTarget) -> None:
        """And has not succeeded, even if it says so."""
        script = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.05; done"
        ended, lines = run(target, script, cancel_at="up")
        assert ended.failure is HookFailure.EXIT
        assert ("stdout", "up") in lines

    def test_killed_means_without_asking(self, target: InstanceTarget) -> None:
        """A script that will not listen ends, too."""
        script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
        ended, _ = run(target, script, cancel_at="up", reason="KILLED")
        assert ended.failure is HookFailure.EXIT

    def test_a_cancelled_hook_that_does_not_listen_is_killed_after_its_grace(
        self, target: InstanceTarget, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With all that it forked: the end of an event's hour is not to wait for ever."""
        monkeypatch.setattr("cicd.backends.hook_process.GRACE", 0.3)
        script = (
            "trap '' TERM; (while :; do sleep 0.05; done) & echo up; while :; do sleep 0.05; done"
        )
        ended, _ = run(target, script, cancel_at="up", reason="TIMED_OUT")
        assert ended.failure is HookFailure.EXIT
        assert ended.status in (None, 137)

    def test_two_hooks_can_run_at_once(self, target: InstanceTarget) -> None:
        """Each hears only itself."""
        heard: dict[str, list[tuple[str, str]]] = {}

        def begin(word: str) -> None:
            _, heard[word] = run(target, f"echo {word}; sleep 0.1; echo {word}", name=f"/{word}")

        threads = [threading.Thread(target=begin, args=(word,)) for word in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert heard == {word: [("stdout", word)] * 2 for word in ("a", "b")}

    def test_a_terminated_instance_runs_nothing_any_more(self, target: InstanceTarget) -> None:
        """Not even what does not listen; twice is once."""
        place = target.path("/beats")
        beat = f"while :; do echo >> '{target.inside(place)}'; sleep 0.02; done"
        begin = f"(trap '' HUP; {beat}) >/dev/null 2>&1 </dev/null &"
        assert run(target, begin)[0] == SUCCEEDED
        deadline = time.monotonic() + PATIENCE.total_seconds()
        while not place.exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        target.terminate()
        target.terminate()
        beats = place.stat().st_size
        time.sleep(0.1)
        assert place.stat().st_size == beats


def run(
    target: InstanceTarget,
    script: str,
    *,
    name: str = "/hook.sh",
    first: str = "#!/bin/sh\n",
    runas: str | None = None,
    timeout: timedelta = PATIENCE,
    cancel_at: str | None = None,
    reason: str = "STOPPED",
    **variables: str,
) -> tuple[HookExit, list[tuple[str, str]]]:
    """Write a script and run it to its end; cancel it once it has said ``cancel_at``."""
    place = _file(target, name, f"{first}{script}\n")
    place.chmod(0o755)
    lines: list[tuple[str, str]] = []
    cancel = CancelToken()

    def output(stream: str, line: str) -> None:
        lines.append((stream, line))
        if line == cancel_at:
            cancel.cancel(reason)

    hook = HookRun(script=target.inside(place), runas=runas, timeout=timeout, variables=variables)
    return target.run_hook(hook, output=output, cancel=cancel), lines


def _file(target: InstanceTarget, name: str, text: str) -> Path:
    place = target.path(name)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place
