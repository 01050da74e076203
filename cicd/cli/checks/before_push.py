"""The commits that a push would send, checked: for ``cicd check``, and for git's own hook."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Final, NoReturn

from cicd.cli.invocation import Invocation, check_directory
from cicd.errors import ExitCode, UsageError
from cicd.ports import Level
from cicd.record import dataclass
from cicd.repos.git import Repository
from cicd.settings import Settings
from cicd.store.receipts import Receipts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cicd.check.choice import Choice, Push
    from cicd.check.pushed import PushedRef
    from cicd.cli.checks.run import Done
    from cicd.event import JSON
    from cicd.ports import CancelToken
    from cicd.repos.commits import Commit
    from cicd.repos.snapshot import Snapshot


FEW: Final = 1000  # files that are all written before anybody asks for them
NAMED: Final = 8  # refs of one commit that are told by name


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked for, and where."""

    repository: Repository
    settings: Settings
    receipts: Receipts | None  # None: none is looked at, and none written
    every: bool
    plan: bool
    skip: str


def before_push(remote: str) -> int:
    """Do what git's hook asks for: ``cicd check --stdin --remote REMOTE``."""
    check_directory()
    invocation = Invocation(output=None, home=None, jobs=None)
    return invocation.carried_out(lambda: check_pushed(invocation, stdin=True, remote=remote))


def check_pushed(
    invocation: Invocation,
    *,
    commits: str | None = None,
    every: bool = False,
    stdin: bool = False,
    remote: str | None = None,
    plan: bool = False,
    no_receipt: bool = False,
) -> int:
    """Check what is pushed, as the options of ``cicd check`` say; gives the exit status."""
    from cicd.cli.checks.pushes import (
        look_at,
        refs_of_framework,
        refs_of_head,
        refs_of_hook,
        refs_of_range,
        repository_here,
    )

    # It goes on while git looks for what is pushed; git's answers wait for it half a
    # millisecond, and not five.
    sys.setswitchinterval(0.0005)
    Thread(target=_load_ahead, name="load ahead", daemon=True).start()
    if stdin and commits is not None:
        raise UsageError("--stdin and REF..REF both say what is pushed", hint="give one of them")
    repository = repository_here()
    settings = invocation.settings()
    if stdin:
        refs = refs_of_hook()
    elif commits is not None:
        refs = refs_of_range(repository, commits)
    else:
        refs = refs_of_framework(os.environ) or refs_of_head(repository)
    without = no_receipt or bool(os.environ.get("CICD_NO_RECEIPT"))
    asked = Asked(
        repository=repository,
        settings=settings,
        receipts=None if without else Receipts(settings.home / "receipts"),
        every=every,
        plan=plan,
        skip=os.environ.get("CICD_SKIP", ""),
    )
    if not refs:
        invocation.show.notice("there is no commit to push, and nothing to check")
        invocation.show.result({"commits": [], "passed": True})
        return ExitCode.SUCCEEDED
    found, left = look_at(repository, refs, remote)
    return _check_all(invocation, asked, found, left)


def _load_ahead() -> None:
    """Load what is asked for in any case."""
    for name in (
        "check.choose",
        "document.yaml_reader",
        "cli.checks.run",
        "document.resources_reader",
    ):
        import_module(f"cicd.{name}")


def _check_all(
    invocation: Invocation,
    asked: Asked,
    found: Sequence[tuple[Commit, list[Push]]],
    left: Sequence[tuple[PushedRef, str]],
) -> int:
    from cicd.engine.interrupt import interrupts
    from cicd.ports import CancelToken
    from cicd.store.disk import prepare_home

    show = invocation.show
    for pushed, why in left:
        show.text(f"{pushed}: {why}, so there is nothing to check")
    prepare_home(asked.settings.home)
    token = CancelToken()
    results: list[JSON] = []
    codes: list[ExitCode] = []
    only_trees = True  # whether the trees alone say what runs
    with interrupts(token, leave=_leave) as signals:
        for commit, pushes in found:
            if token.reason is not None:
                break
            named = [str(push.pushed) for push in pushes[:NAMED]]
            more = f" and {len(pushes) - NAMED} more" if len(pushes) > NAMED else ""
            show.text(f"{commit.id[:12]} to {', '.join(named)}{more}")
            code, listed, by_tree = _check_one(invocation, asked, commit, pushes, token)
            codes.append(code)
            only_trees = only_trees and by_tree
            results.append({"commit": commit.id, "tree": commit.tree, "checks": listed})
    invocation.interrupted = signals.exit_code
    worst = _worst(codes)
    key = os.environ.get("CICD_PUSH_RECEIPT", "")
    whole = worst is ExitCode.SUCCEEDED and signals.exit_code is None and only_trees
    if key and whole and asked.receipts is not None and not asked.plan:
        asked.receipts.put(key, "a push that has passed\n")
    if worst is not ExitCode.SUCCEEDED:
        show.notice(
            "not everything passed; git push --no-verify pushes all the same", Level.FAILURE
        )
    show.result({"commits": results, "passed": worst is ExitCode.SUCCEEDED})
    return worst


def _worst(codes: Sequence[ExitCode]) -> ExitCode:
    order = (ExitCode.FAILED, ExitCode.UNAVAILABLE)
    return next((code for code in order if code in codes), ExitCode.SUCCEEDED)


def _check_one(
    invocation: Invocation,
    asked: Asked,
    commit: Commit,
    pushes: list[Push],
    token: CancelToken,
) -> tuple[ExitCode, list[JSON], bool]:
    """Check one commit; gives how it went, each check, and whether its tree alone counted."""
    from cicd.check.choice import CheckKind
    from cicd.check.choose import choose, hangs_on_message, places
    from cicd.cli.checks.run import (
        Done,
        Worksite,
        carry_out,
        show_done,
        show_skipped,
        variables_of,
        whole_before,
    )
    from cicd.repos.commits import files_of
    from cicd.repos.snapshot import snapshot

    show, home = invocation.show, asked.settings.home
    ref = pushes[0].pushed.ref
    with snapshot(asked.repository, commit.id, ref, home / "checks") as made:
        files = files_of(asked.repository, commit.id)
        _look_at_documents(made, files)
        read = places(made.root, files)
        choices = choose(made.root, read, pushes, skip=asked.skip, every=asked.every)
        for choice in choices:
            if not choice.runs:
                show_skipped(show, choice)
            elif asked.plan:
                show.text(f"  would run {choice.title}: {choice.why}")
        chosen = [] if asked.plan else [choice for choice in choices if choice.runs]
        keys = (
            {choice.title: _key(asked, commit, choice) for choice in chosen}
            if asked.receipts is not None
            else {}
        )
        ended: list[Done] = []
        fresh = []
        for choice in chosen:
            if asked.receipts is not None and asked.receipts.has(keys[choice.title]):
                ended.append(Done(choice=choice, status=0, receipt=True))
                show_done(show, ended[-1])
            else:
                fresh.append(choice)
        if any(choice.kind is not CheckKind.LINT for choice in fresh):
            made.check_out()
        whole_before(fresh, made.make_whole)
        site = Worksite(
            root=made.root,
            logs=made.logs,
            variables=variables_of(home, commit.id, ref, asked.repository.root),
            fail_on=read[0].configuration.fail_on,
        )
        for done in carry_out(fresh, site, token, jobs=asked.settings.jobs):
            if token.reason is not None:
                continue  # stopped, which is nobody's verdict
            show_done(show, done)
            if done.status == 0 and asked.receipts is not None:
                asked.receipts.put(keys[done.choice.title], f"{done.choice.title}\n")
            ended.append(done)
    listed: list[JSON] = [_as_json(choice, ended) for choice in choices]
    by_tree = not hangs_on_message(read)
    return _worst([done.code for done in ended]), listed, by_tree


def _look_at_documents(made: Snapshot, files: Mapping[str, str]) -> None:
    """Write what says what is to be done; of a large commit not more than that."""
    if len(files) <= FEW:
        made.check_out()
        return
    from cicd.lint.needed import documents, mentioned

    first = documents(files)
    made.check_out_some(first)
    made.check_out_some(mentioned(files, (_text(made.root / path) for path in first)))


def _text(path: Path) -> str:
    from cicd.document.load import MAX_BYTES

    if path.is_symlink():
        return os.readlink(path)  # noqa: PTH115 - as it is written
    if path.is_dir() or path.stat().st_size > MAX_BYTES:
        return ""
    return path.read_text("utf-8", "surrogateescape")


def _key(asked: Asked, commit: Commit, choice: Choice) -> str:
    """Name a receipt after all that it hangs on: files, what is done, settings, our version."""
    from cicd import __version__
    from cicd.settings import CONFIG, user_file
    from cicd.store.receipts import Receipts

    files = (asked.settings.home / CONFIG, user_file(os.environ))
    texts: list[JSON] = [
        path.read_text("utf-8", "replace") if path is not None and path.is_file() else ""
        for path in files
    ]
    left_out = {"CICD_PUSH_RECEIPT", "CICD_SKIP", "CICD_OUTPUT", "CICD_NO_RECEIPT", "CICD_JOBS"}
    chosen = sorted(
        f"{name}={value}"
        for name, value in os.environ.items()
        if name.startswith("CICD_") and name not in left_out
    )
    words: list[JSON] = [word for word in choice.arguments if commit.id not in word]
    return Receipts.key(
        {
            "tree": commit.tree,
            "check": choice.title,
            "run": choice.run,
            "arguments": words,
            "settings": texts,
            "variables": [*chosen],
            "version": __version__,
        }
    )


def _as_json(choice: Choice, ended: Sequence[Done]) -> JSON:
    done = next((each for each in ended if each.choice is choice), None)
    return {
        "check": choice.title,
        "runs": choice.runs,
        "why": choice.why,
        "status": None if done is None else done.status,
        "receipt": done is not None and done.receipt,
    }


def _leave() -> NoReturn:
    """End at once: the third Ctrl-C. The next check removes the snapshot."""
    os._exit(ExitCode.INTERRUPTED)
