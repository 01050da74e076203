"""BuildEffects: the hands of a build. Everything that it does to the world goes through ports."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, assert_never

from cicd.build.commands import (
    BuildCommand,
    DiscoverReports,
    DownloadSource,
    Finalize,
    Pause,
    Provision,
    ReadReport,
    RunCommand,
    SaveCache,
    SetVariables,
    UploadArtifacts,
    WaitForPlace,
)
from cicd.build.debug.rewind import leaving
from cicd.build.download_source import download_source, failed
from cicd.build.open_session import open_session
from cicd.build.process import BuildProcess
from cicd.build.queue import Queue
from cicd.build.rejoin import tells_again
from cicd.build.shell.commands import GOES_ON, WAITS
from cicd.build.shell.shell import BuildShell
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.engine.signals import send
from cicd.errors import CicdError, NoImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cicd.build.cache.build_cache import BuildCache
    from cicd.build.log.journal import Journal
    from cicd.build.plan import BuildPlan
    from cicd.build.products import Products
    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.ports import CancelToken, Services, Session

DONE = Outcome(status=OutcomeStatus.DONE)
LOST = Outcome(status=OutcomeStatus.LOST)


class BuildEffects:
    """The ``Effects`` of one build; one command at a time."""

    def __init__(self, plan: BuildPlan, stream: str, services: Services, journal: Journal) -> None:
        """Take what was planned; nothing is opened or looked up yet."""
        self._plan = plan
        self._process = BuildProcess(plan)
        self._stream = stream
        self._services = services
        self._journal = journal
        self._opened: BuildShell | None = None
        self._queue = Queue(plan.places, services)

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Do one command; nothing that comes out of it holds a secret."""
        assert isinstance(command, BuildCommand), "BuildProcess starts nothing else"
        try:
            outcome = self._perform(command, scope)
        except CicdError as problem:
            problem.message = self._journal.redacted(problem.message)
            problem.hint = self._journal.redacted(problem.hint) if problem.hint else None
            problem.args = (problem.message,)
            raise
        words = {
            name: self._journal.redacted(str(outcome.detail[name]))
            for name in ("message", "hint")
            if name in outcome.detail
        }
        return replace(outcome, detail={**outcome.detail, **words}) if words else outcome

    def _perform(self, command: BuildCommand, scope: Scope) -> Outcome:
        if not isinstance(command, WaitForPlace):
            self._queue.take()  # a build that goes on does not wait again
        match command:
            case WaitForPlace():
                return self._wait_for_place(scope.cancel)
            case Provision():
                return self._provision()
            case DownloadSource():
                return self._download_source()
            case RunCommand():
                return self._run(command, scope.cancel)
            case Pause():
                return self._pause(command, scope.cancel)
            case SetVariables():
                return self._set_variables(command)
            case UploadArtifacts():
                return self._upload()
            case ReadReport():
                return self._read_report(command)
            case DiscoverReports():
                return self._discover_reports(command)
            case SaveCache():
                return self._save_cache(command)
            case Finalize():
                return self._finalize(command)
            case _:
                assert_never(command)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """
        Rejoin a command that a dead driver had started; LOST if its session is gone.

        Nothing has run in a session that was still being made, so it is made anew.
        """
        if tells_again(command, self._plan, self._services):
            self._journal.forget(command.key)
        if isinstance(command, Provision) and self._plan.refused is None:
            self._services.runner(self._plan.runner).reap(lambda stream: stream != self._stream)
        return self.perform(command, scope)

    def close(self) -> None:
        """
        Leave the place.

        The session is ended by Finalize alone: whatever else ends this driver, the commands
        inside go on, and the build can be resumed.
        """
        self._queue.leave()

    def _wait_for_place(self, cancel: CancelToken) -> Outcome:
        def told() -> None:
            send(self._services.log, self._services.clock, self._stream, "queued")

        reason = self._queue.wait(cancel, told)
        if reason is not None:
            return Outcome(status=OutcomeStatus.CANCELLED, reason=reason)
        return DONE

    # ── Session ───────────────────────────────────────────────────────────────────────────────

    def _provision(self) -> Outcome:
        if self._plan.refused is not None:
            return DONE
        try:
            session = open_session(
                self._plan,
                self._stream,
                self._services,
                say=lambda text: self._journal.output(Provision().key, (text,)),
            )
        except NoImage as problem:
            code = "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE"
            said = f"{problem.message[0].upper()}{problem.message[1:]}"
            said = f"Unable to pull customer's container image. {said}"
            why = failed(code, said, hint=problem.hint or "")
            return replace(why, status=OutcomeStatus.FAULT)
        self._opened = self._in(session)
        return DONE

    def _shell(self) -> BuildShell | None:
        """Give the build's shell in its session; None when the session is gone."""
        if self._opened is None:
            session = self._services.runner(self._plan.runner).attach(self._plan.uuid)
            self._opened = None if session is None else self._in(session)
        return self._opened

    def _in(self, session: Session) -> BuildShell:
        return BuildShell(self._plan, session, self._services.secrets, self._journal)

    def _download_source(self) -> Outcome:
        if self._plan.refused is not None:
            return failed(self._plan.refused.code, self._plan.refused.message)
        shell = self._shell()
        if shell is None:
            return LOST
        return download_source(self._plan, shell, self._journal, self._services.caches)

    # ── Commands ──────────────────────────────────────────────────────────────────────────────

    def _run(self, command: RunCommand, cancel: CancelToken) -> Outcome:
        shell = self._shell()
        if shell is None:
            return LOST
        text = self._process.command_line(command).text
        done = shell.run(
            command.key,
            text,
            origin=command.key,
            succeeding=command.succeeding,
            user=command.run_as if command.anew else self._plan.phase(command.phase).run_as,
            cancel=cancel,
            heard=self._listen if self._plan.debug_session else None,
        )
        if done.lost:
            return replace(LOST, detail={"hint": done.note})
        detail = shell.masked(text)
        if done.cancelled is not None:
            return Outcome(status=OutcomeStatus.CANCELLED, reason=done.cancelled, detail=detail)
        if done.status != 0:
            detail["exitStatus"] = done.status
            if hint := done.note or self._why(text, command.key, done.status, shell):
                detail["hint"] = hint
            return Outcome(status=OutcomeStatus.FAILED, detail=detail)
        return replace(DONE, detail=detail)

    def _why(self, text: str, key: str, status: int, shell: BuildShell) -> str:
        """Give what helps with a command that failed; its secrets are masked."""
        from cicd.build.log.hint import failure_hint

        said = tuple(shell.tail)
        question = count()

        def look(asked: Sequence[str]) -> list[str]:
            return shell.ask(f"{key}/why/{next(question)}", asked)

        try:
            hint = failure_hint(self._plan, text, status, said, look)
        except CicdError:  # a disk that is full, say: why the command failed can stay unknown
            return ""
        return shell.values()[1].redact(hint)

    def _pause(self, command: Pause, cancel: CancelToken) -> Outcome:
        shell = self._shell()
        if shell is None:
            return LOST
        waited = shell.wait(command.key, cancel)
        if waited.lost:
            return LOST
        if waited.cancelled is not None:
            return Outcome(status=OutcomeStatus.CANCELLED, reason=waited.cancelled)
        return DONE

    def _set_variables(self, command: SetVariables) -> Outcome:
        shell = self._shell()
        if shell is None:
            return LOST
        self._plan = replace(
            leaving(self._plan, command.products),
            variables=command.variables,
            exported_variables=command.exported_variables,
        )
        missing = shell.take(self._plan, command.key)
        if missing is not None:
            return failed(missing.code, missing.message, hint=missing.hint or "")
        return DONE

    def _listen(self, lines: Sequence[str]) -> None:
        """Tell the stream of a breakpoint inside a command, which only its output shows."""
        for line in lines:
            if line in (WAITS, GOES_ON):
                signal = "pause" if line == WAITS else "resume"
                send(self._services.log, self._services.clock, self._stream, signal)

    # ── UPLOAD_ARTIFACTS, FINALIZING ──────────────────────────────────────────────────────────

    def _products(self, shell: BuildShell) -> Products:
        from cicd.build.products import Products

        return Products(
            plan=self._plan,
            stream=self._stream,
            services=self._services,
            journal=self._journal,
            shell=shell,
        )

    def _upload(self) -> Outcome:
        shell = self._shell()
        return LOST if shell is None else self._products(shell).artifacts()

    def _read_report(self, command: ReadReport) -> Outcome:
        shell = self._shell()
        return LOST if shell is None else self._products(shell).report(command)

    def _discover_reports(self, command: DiscoverReports) -> Outcome:
        shell = self._shell()
        return LOST if shell is None else self._products(shell).discovered(command)

    def _cache(self, shell: BuildShell, key: str) -> BuildCache:
        from cicd.build.cache.build_cache import BuildCache

        return BuildCache(
            plan=self._plan,
            shell=shell,
            caches=self._services.caches,
            say=lambda *texts: self._journal.say(key, *texts),
            tell=lambda *texts: self._journal.tell(key, *texts),
        )

    def _save_cache(self, command: SaveCache) -> Outcome:
        shell = self._shell()
        if shell is None:
            return LOST
        self._cache(shell, command.key).save()
        return DONE

    def _finalize(self, command: Finalize) -> Outcome:
        shell = None if self._plan.refused is not None else self._shell()
        if shell is None:
            return DONE
        exported: list[JSON] = []
        try:
            if command.exporting and self._plan.exported_variables:
                exported = self._products(shell).exported(command.key)
        finally:
            shell.session.close()
            self._opened = None
            # What is cached may have changed under way, and with it whether anything is.
            if self._plan.cache_type != "NO_CACHE":
                self._services.caches.release(self._plan.uuid)
        return Outcome(status=OutcomeStatus.DONE, detail={"exported": exported})
