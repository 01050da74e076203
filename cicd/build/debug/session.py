"""A build that waits, seen from another terminal: go on, go back, look inside."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.build.artifacts.planned import plan_artifacts
from cicd.build.buildspec.reader import read_buildspec
from cicd.build.commands import NewProducts, Pause, RunCommand
from cicd.build.debug.break_on import place_of
from cicd.build.debug.rewind import as_it_is, as_signal, leaving, phases_of, reached
from cicd.build.fold import fold_build
from cicd.build.log.journal import Journal
from cicd.build.rules import BUILD_RULES
from cicd.build.secrets.resolve import Unresolved, resolve
from cicd.build.sections import (
    exported_names,
    plan_cache,
    plan_cache_paths,
    plan_phases,
    plan_reports,
)
from cicd.build.shell.commands import gate
from cicd.build.shell.shell import BuildShell
from cicd.build.spec import COMMAND_PHASES
from cicd.build.state import NewEnvironment, Rewind, StatusType
from cicd.build.variables import layered
from cicd.document.load import load
from cicd.document.problem import Problems
from cicd.document.rules import run_rules
from cicd.engine.signals import send
from cicd.errors import Unavailable, UsageError
from cicd.event import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cicd.build.plan import BuildPlan, PhasePlan
    from cicd.build.spec import Buildspec
    from cicd.build.state import BuildState
    from cicd.event import Event
    from cicd.ports import Services, Session

HIDDEN = ".cicd"  # below a source, never seen by a build


def go_on(stream: str, services: Services) -> bool:
    """Let a build that waits go on, as `codebuild-resume` does; False if it does not wait."""
    plan, state, _ = fold_build(stream, services)
    running = state.running
    if not state.paused or running is None:
        return False
    name = f"go-{gate(running.key)}" if isinstance(running, Pause) else "go"
    session = _session(plan, services)
    with tempfile.NamedTemporaryFile() as nothing:
        session.copy_in(Path(nothing.name), f"{session.scratch}/pause/{name}")
    return True


def go_back(stream: str, place: str | None, services: Services) -> tuple[str, int]:
    """
    Have a build that waits run again from a command on, in the same session.

    The buildspec is read anew, with its ``env`` and what it says the build leaves: reports,
    artifacts, its cache. Files of the sources that have changed since the build began, or since
    it went back last, are laid over; what is gone from a source stays where the session has a
    copy of it.

    Args:
        stream: The build.
        place: "PHASE" or "PHASE:N"; None: the command it waits at.
        services: The outside.

    Returns:
        The place, and how many files were laid over.

    Raises:
        UsageError: It does not wait, or has not come as far as ``place``.
        DocumentError: The buildspec is not valid any more; nothing was done.
    """
    plan, state, events = fold_build(stream, services)
    running = state.running
    name = plan.build_id
    if not state.paused or not isinstance(running, Pause | RunCommand):
        raise UsageError(
            f"build {name} does not wait anywhere",
            hint="only a build that waits can go back: cicd build --break-on failure",
        )
    phases, environment, products = _read_again(plan, state, services)
    wanted = place or f"{running.phase}:{running.index + 1}"
    phase, index = place_of(wanted, phases)
    if not reached(state, phase, index):
        raise UsageError(
            f"build {name} has not come to {wanted} yet",
            hint=f"it waits at {running.phase}:{running.index + 1}: `cicd builds resume {name}`",
        )
    laid = _lay_over(plan, _session(plan, services), _last_look(plan, events))
    rewind = Rewind(
        phase=phase,
        index=index,
        phases=tuple(phases),
        environment=environment,
        products=products,
    )
    send(services.log, services.clock, stream, "retry", **as_signal(rewind))
    return f"{phase}:{index + 1}", laid


def enter_build(stream: str, words: str, services: Services) -> int:
    """
    Open the user's terminal in a build's session, as its next command would find it.

    ``words`` are run instead of a shell to type in. Gives the exit status.
    Raises ``UsageError`` for a build that has ended, ``Unavailable`` where there is no session.
    """
    plan, state, _ = fold_build(stream, services)
    if state.status is not StatusType.IN_PROGRESS:
        raise UsageError(
            f"build {plan.build_id} has ended, and its session with it",
            hint="to keep one: cicd build --break-on failure",
        )
    current = state.open
    if current is None or current.phase not in COMMAND_PHASES:
        raise UsageError(
            f"build {plan.build_id} is in {current.phase if current else 'no phase'}: "
            "there is no shell to enter yet, or any more"
        )
    session = _session(plan, services)
    shell = BuildShell(as_it_is(plan, state), session, services.secrets, Journal(services, stream))
    phase = next(p for p in phases_of(state, plan.phases) if p.phase is current.phase)
    return shell.enter(words, succeeding=state.succeeding, user=phase.run_as)


def _session(plan: BuildPlan, services: Services) -> Session:
    session = services.runner(plan.runner).attach(plan.uuid)
    if session is None:
        raise Unavailable(
            f"the session of build {plan.build_id} is gone",
            hint=f"cicd builds resume {plan.build_id} ends the build",
        )
    return session


def _read_again(
    plan: BuildPlan, state: BuildState, services: Services
) -> tuple[Sequence[PhasePlan], NewEnvironment | None, NewProducts | None]:
    if not plan.buildspec:  # it was text, which nobody can have edited
        return phases_of(state, plan.phases), None, None
    problems = Problems()
    node = load(plan.sources[0].directory / plan.buildspec, plan.buildspec)
    spec = read_buildspec(node, problems)
    run_rules(BUILD_RULES, spec, problems)
    problems.raise_errors()
    now = as_it_is(plan, state)
    return plan_phases(spec), _environment(spec, now, services), _products(spec, now)


def _products(spec: Buildspec, plan: BuildPlan) -> NewProducts | None:
    """Give what a build is to leave now; None if that is what it was to leave before."""
    wanted = plan.wanted
    said = NewProducts(
        artifacts=plan_artifacts(spec, plan.project, wanted) if wanted else plan.artifacts,
        reports=plan_reports(spec),
        cache_paths=plan_cache_paths(spec),
        cache=plan_cache(spec, plan.cache),
    )
    return None if leaving(plan, said) == plan else said


def _environment(spec: Buildspec, plan: BuildPlan, services: Services) -> NewEnvironment | None:
    """Give what ``env`` says now; None if that is what it said before."""
    if spec.shell != plan.shell:
        raise UsageError(
            f"env.shell was {plan.shell}, and a build that has begun keeps its shell",
            hint="take the change back, or stop this build and start another",
        )
    fixed = [v for v in plan.variables if v.name in plan.fixed_variables]
    said = NewEnvironment(
        variables=layered(spec.variables, fixed, ()),
        exported_variables=exported_names(spec, fixed),
    )
    if set(said.variables) == set(plan.variables) and (
        said.exported_variables == plan.exported_variables
    ):
        return None
    # What it had before, the one that drives it knows; that is perhaps more than we are told.
    found = resolve(set(said.variables).difference(plan.variables), services.secrets)
    if isinstance(found, Unresolved):
        raise UsageError(found.message, hint=found.hint)
    return said


def _last_look(plan: BuildPlan, events: Sequence[Event]) -> datetime:
    back = [e.at for e in events if e.kind is EventKind.SIGNALLED and e.data["signal"] == "retry"]
    return back[-1] if back else plan.created


def _lay_over(plan: BuildPlan, session: Session, since: datetime) -> int:
    count = 0
    for source in plan.sources:
        place = session.places[source.mount]
        for path in _changed(source.directory, since.timestamp()):
            session.copy_in(path, f"{place}/{path.relative_to(source.directory).as_posix()}")
            count += 1
    return count


def _changed(directory: Path, since: float) -> Iterator[Path]:
    for at, names, files in os.walk(directory):
        if Path(at) == directory and HIDDEN in names:
            names.remove(HIDDEN)
        if ".git" in names:
            names.remove(".git")
        for name in sorted(files):
            path = Path(at, name)
            # When it was put there counts, too: what is moved in keeps its old time.
            if path.is_file() and not path.is_symlink() and path.stat().st_ctime > since:
                yield path
