"""The checks of one commit, carried out side by side in its snapshot."""

from __future__ import annotations

import os
import sys
import time
from contextlib import chdir
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Final

from cicd.check.choice import CheckKind, Choice
from cicd.document.problem import Problem, Severity
from cicd.errors import CicdError, ExitCode
from cicd.ports import Level
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cicd.cli.show import Presenter
    from cicd.ports import CancelToken

SHOWN: Final = 60  # last lines of what a check said that did not pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How one check ended."""

    choice: Choice
    status: int  # 0 passed, 4 this machine cannot do it, anything else: it did not pass
    seconds: float = 0.0
    said: str = ""
    problems: tuple[Problem, ...] = ()
    receipt: bool = False  # it passed before, and was not done again

    @property
    def code(self) -> ExitCode:
        """What it means for the whole."""
        if self.status == 0:
            return ExitCode.SUCCEEDED
        own = self.choice.kind in {CheckKind.BUILD, CheckKind.PIPELINE}
        unavailable = own and self.status == ExitCode.UNAVAILABLE
        return ExitCode.UNAVAILABLE if unavailable else ExitCode.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Worksite:
    """Where the checks of one commit run."""

    root: Path  # the snapshot
    logs: Path  # a directory of their own
    variables: dict[str, str]
    fail_on: Severity


def carry_out(
    choices: Sequence[Choice], site: Worksite, cancel: CancelToken, *, jobs: int
) -> Iterator[Done]:
    """Run checks, at most ``jobs`` at once, and give each as it ends; lint is done here."""
    linted = [choice for choice in choices if choice.kind is CheckKind.LINT]
    others = [choice for choice in choices if choice.kind is not CheckKind.LINT]
    waiting: SimpleQueue[tuple[int, Choice]] = SimpleQueue()
    ended: SimpleQueue[Done | BaseException] = SimpleQueue()
    for each in enumerate(others):
        waiting.put(each)

    def work() -> None:
        try:
            while True:
                number, choice = waiting.get_nowait()
                ended.put(_process(choice, number, site, cancel))
        except Empty:
            return
        except BaseException as reason:  # noqa: BLE001 - raised again, where it is waited for
            ended.put(reason)

    # Not concurrent.futures, which takes longer to load than ten checks that do nothing.
    workers = [Thread(target=work, name="check") for _ in range(min(jobs, len(others)))]
    for worker in workers:
        worker.start()
    try:
        for choice in linted:
            yield _lint(choice, site)
        for _ in others:
            yield _result(ended.get())
    except BaseException:
        cancel.cancel("STOPPED")
        raise
    finally:
        for worker in workers:
            worker.join()


def _result(ended: Done | BaseException) -> Done:
    if isinstance(ended, BaseException):
        raise ended
    return ended


def variables_of(home: Path, commit: str, ref: str, worktree: Path) -> dict[str, str]:
    """
    Give the environment of checks: this process's, without what git tells a hook.

    ``CICD_CHECK_COMMIT``, ``_REF`` and ``_WORKTREE`` say what is pushed, and from where.
    """
    from cicd.repos.git_command import FOREIGN

    left_out = {*FOREIGN, "CICD_PUSH_RECEIPT", "CICD_SKIP", "CICD_OUTPUT"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {
        **kept,
        "CICD_HOME": str(home),
        "CICD_CHECK_COMMIT": commit,
        "CICD_CHECK_REF": ref,
        "CICD_CHECK_WORKTREE": str(worktree),
    }


def _lint(choice: Choice, site: Worksite) -> Done:
    from cicd.cli.lint import ORDER, Findings, look_over

    begin = time.monotonic()
    findings = Findings()
    # So that documents are called as people call them, from the top.
    with chdir(site.root):
        look_over((Path(),), findings)
    grave = ORDER[: ORDER.index(site.fail_on) + 1]
    found = any(problem.severity in grave for problem in findings.problems)
    return Done(
        choice=choice,
        status=int(bool(findings.unreadable or found)),
        seconds=time.monotonic() - begin,
        problems=tuple(findings.problems),
    )


def _process(choice: Choice, number: int, site: Worksite, cancel: CancelToken) -> Done:
    from cicd.backends.check_process import run_process

    begin = time.monotonic()
    output = site.logs / f"{number}.log"
    if choice.kind is CheckKind.COMMAND:
        command = ["/bin/sh", "-c", choice.run]
    else:
        command = [sys.executable, "-P", "-m", "cicd", *choice.arguments, "--output", "plain"]
    if cancel.reason is not None:
        return Done(choice=choice, status=ExitCode.INTERRUPTED)
    ended = run_process(
        command,
        directory=site.root / choice.place,
        variables=site.variables,
        timeout=choice.timeout,
        output=output,
        cancel=cancel,
    )
    said = output.read_bytes().decode("utf-8", "replace") if ended.status else ""
    if ended.timed_out and choice.timeout is not None:
        minutes = choice.timeout.total_seconds() / 60
        said += f"\nit was ended after {minutes:g} minutes\n"
    return Done(
        choice=choice,
        status=ended.status or int(ended.timed_out),
        seconds=time.monotonic() - begin,
        said=said,
    )


def show_done(show: Presenter, done: Done) -> None:
    """Say how a check ended, and what it said if it did not pass."""
    title, why = done.choice.title, done.choice.why
    if done.receipt:
        show.text(f"  ok  {title}: passed before, with the same files", Level.SUCCESS)
        return
    took = f"{done.seconds:.1f} s"
    if done.status == 0:
        show.text(f"  ok  {title} ({took}): {why}", Level.SUCCESS)
    else:
        mark = "??" if done.code is ExitCode.UNAVAILABLE else "NO"
        show.text(f"  {mark}  {title} ({took}): {why}", Level.FAILURE)
    show.problems(done.problems)
    lines = done.said.rstrip("\n").split("\n") if done.said.strip() else []
    if len(lines) > SHOWN:
        show.text(f"        … {len(lines) - SHOWN} lines before")
    for line in lines[-SHOWN:]:
        show.text(f"        {line}")


def show_skipped(show: Presenter, choice: Choice) -> None:
    """Say why a check is not run."""
    show.text(f"   -  {choice.title}: {choice.why}")


def whole_before(choices: Sequence[Choice], make_whole: Callable[[], None]) -> None:
    """Copy history into the snapshot where something runs that may look at it elsewhere."""
    if any(choice.kind in {CheckKind.BUILD, CheckKind.PIPELINE} for choice in choices):
        try:
            make_whole()
        except CicdError:
            return  # a shallow or partial clone: what is here is borrowed all the same
