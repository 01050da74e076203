"""DOWNLOAD_SOURCE: look at what is there, resolve the secrets, prepare the shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.cache.identity import why_none
from cicd.build.commands import DownloadSource
from cicd.build.environment_variable import VariableType
from cicd.build.secrets.resolve import Unresolved
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.ports import CancelToken

if TYPE_CHECKING:
    from cicd.build.cache.build_cache import BuildCache
    from cicd.build.log.journal import Journal
    from cicd.build.plan import BuildPlan
    from cicd.build.shell.shell import BuildShell
    from cicd.ports import CacheStore, Session

_KEY = DownloadSource().key
_PLAIN = 3  # what our question ends with where the image has no choice of runtimes


def download_source(
    plan: BuildPlan, shell: BuildShell, journal: Journal, caches: CacheStore
) -> Outcome:
    """
    Carry the phase out, in the words of the service.

    The sources are in the session already: it sees them where they are.
    Source: logs of the service.
    """
    session = shell.session
    journal.tell(_KEY, *plan.place.notes)
    _say_sources(plan, session, journal)
    journal.say(_KEY, "Processing environment variables")
    if any(v.type is not VariableType.PLAINTEXT for v in plan.variables):
        journal.say(_KEY, "Decrypting parameter store environment variables")
    found = shell.resolve()
    if isinstance(found, Unresolved):
        return failed(found.code, found.message, hint=found.hint or "")
    values, redactor = found
    for _ in redactor.too_short:
        journal.say(_KEY, "A secret of fewer than 4 characters is not masked")
    shell.prepare()
    if not plan.runtime_versions:
        journal.say(_KEY, "No runtime version selected in buildspec.")
    else:
        wanted = [
            (name, values.get(version[1:].strip("{}"), version) if version[:1] == "$" else version)
            for name, version in plan.runtime_versions
        ]
        wrong = _select_runtimes(wanted, shell, journal)
        if wrong is not None:
            return wrong
    journal.say(_KEY, f"Moving to directory {session.places['src']}")
    if lines := why_none(plan):
        journal.say(_KEY, *lines)
    else:
        _cache(plan, shell, journal, caches).restore()
    journal.say(_KEY, "Registering with agent")
    present = [phase for phase in plan.phases if phase.present]
    journal.say(_KEY, f"Phases found in YAML: {len(present)}")
    journal.say(_KEY, *(f" {phase.phase}: {len(phase.commands)} commands" for phase in present))
    masked = shell.masked(*(line.text for phase in present for line in phase.lines))
    return Outcome(
        status=OutcomeStatus.DONE, detail={"places": dict(session.places.items()), **masked}
    )


def _cache(plan: BuildPlan, shell: BuildShell, journal: Journal, caches: CacheStore) -> BuildCache:
    from cicd.build.cache.build_cache import BuildCache

    return BuildCache(
        plan=plan,
        shell=shell,
        caches=caches,
        say=lambda *texts: journal.say(_KEY, *texts),
        tell=lambda *texts: journal.tell(_KEY, *texts),
    )


def failed(code: str, message: str, *, hint: str = "") -> Outcome:
    """Give the outcome that fails a phase with a context of its own."""
    detail = {"code": code, "message": message, "hint": hint}
    return Outcome(status=OutcomeStatus.FAILED, detail=detail)


def _say_sources(plan: BuildPlan, session: Session, journal: Journal) -> None:
    for source in plan.sources:
        name = f"_{source.identifier}" if source.identifier else ""
        journal.say(_KEY, f"CODEBUILD_SRC_DIR{name}={session.places[f'src{name}']}")
    journal.say(_KEY, f"YAML location is {_location(plan, session)}")
    if plan.unknown_keys:
        journal.say(_KEY, "Found possible syntax errors in buildspec: ")
    for section, keys in plan.unknown_keys:
        head = (f"In the section {section}", "    The following keys cannot be identified:")
        journal.say(_KEY, *head, *(f"        {unknown}" for unknown in keys))
    journal.say(_KEY, *plan.warnings)


def _location(plan: BuildPlan, session: Session) -> str:
    if not plan.buildspec:
        return "/codebuild/readonly/buildspec.yml"
    if plan.buildspec.startswith("/"):
        return plan.buildspec
    return f"{session.places['src']}/{plan.buildspec}"


def _select_runtimes(
    wanted: list[tuple[str, str]], shell: BuildShell, journal: Journal
) -> Outcome | None:
    """Select what ``runtime-versions`` asks for, where the image has such a choice."""
    from cicd.build.shell.own_tools import differences, question
    from cicd.build.shell.runtimes import RUNTIMES, Unselectable, select_runtimes
    from cicd.document.load import load_text

    said = bytearray()
    names = [name for name, _ in wanted]
    found = shell.session.run(
        "DOWNLOAD_SOURCE/runtimes",
        f"[ -r {RUNTIMES} ] && exec cat {RUNTIMES}\n{question(names)}\nexit {_PLAIN}",
        output=said.extend,
        cancel=CancelToken(),
    )
    answer = said.decode(errors="replace")
    if found.status != 0:
        journal.say(
            _KEY,
            "Skipping install of runtimes. Runtime version selection is not supported "
            "by this build image",
        )
        journal.tell(_KEY, *differences(wanted, answer))
        return None
    try:
        selected = select_runtimes(load_text(answer, RUNTIMES), wanted)
    except Unselectable as problem:
        return failed("YAML_FILE_ERROR", str(problem))
    for number, runtime in enumerate(selected):
        why = f"that {runtime.needed_by} requires" if runtime.needed_by else "manual selections"
        journal.say(
            _KEY,
            f"Selecting '{runtime.name}' runtime version '{runtime.version}' based on {why}...",
        )
        number_alone = runtime.version.removeprefix("corretto")  # as packages are called
        for index, text in enumerate(runtime.commands):
            journal.say(_KEY, f"Running command {text}")
            done = shell.run(
                f"DOWNLOAD_SOURCE/runtimes/{number}/{index}",
                f"VERSION='{number_alone}'\n{text}",
                origin=_KEY,
            )
            if done.status != 0:
                return failed(
                    "COMMAND_EXECUTION_ERROR",
                    f"Error while executing command: {text}. Reason: exit status {done.status}",
                )
    return None
