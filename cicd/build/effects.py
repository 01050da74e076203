"""BuildEffects: the hands of a build. Everything that it does to the world goes through ports."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cicd.build.collect import Collector
from cicd.build.commands import (
    BuildCommand,
    DownloadSource,
    Finalize,
    Provision,
    ReadReport,
    RunCommand,
    UploadArtifacts,
)
from cicd.build.journal import Journal
from cicd.build.pick import NothingFound, Picker
from cicd.build.process import BuildProcess
from cicd.build.runtimes import RUNTIMES, select_runtimes
from cicd.build.script import frame, query, set_up, value_of
from cicd.build.spec import VariableType
from cicd.build.variables import GIT_TRUST, Unresolved, built_in, resolve
from cicd.document.load import load_text
from cicd.engine.output import LineWriter, Redactor
from cicd.engine.process import Outcome, OutcomeStatus
from cicd.errors import CicdError, Unavailable
from cicd.ports import CancelToken, Environment, Mount, MountMode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cicd.build.plan import BuildPlan
    from cicd.engine.process import Command, Scope
    from cicd.event import JSON
    from cicd.ports import Exit, Services, Session

DONE = Outcome(status=OutcomeStatus.DONE)
LOST = Outcome(status=OutcomeStatus.LOST)


class BuildEffects:
    """The ``Effects`` of one build; one command at a time."""

    def __init__(self, plan: BuildPlan, stream: str, services: Services) -> None:
        """Take what was planned; nothing is opened or looked up yet."""
        self._plan = plan
        self._process = BuildProcess(plan)
        self._stream = stream
        self._services = services
        self._journal = Journal(services, stream)
        self._opened: Session | None = None
        self._resolved: tuple[Mapping[str, str], Redactor] | None = None

    def perform(self, command: Command, scope: Scope) -> Outcome:
        """Do one command."""
        assert isinstance(command, BuildCommand), "BuildProcess starts nothing else"
        match command:
            case Provision():
                return self._provision()
            case DownloadSource():
                return self._download_source()
            case RunCommand():
                return self._run(command, scope.cancel)
            case UploadArtifacts():
                return self._upload()
            case ReadReport():
                return self._read_report(command)
            case Finalize():
                return self._finalize(command)
            case _:
                assert_never(command)

    def recover(self, command: Command, scope: Scope) -> Outcome:
        """Rejoin a command that a dead driver had started; LOST if its session is gone."""
        if not isinstance(command, Provision):
            # The session gives a command's output again from its first byte.
            self._journal.forget(command.key)
            return self.perform(command, scope)
        if self._plan.refused is not None:
            return DONE
        return DONE if self._session() is not None else LOST

    def close(self) -> None:
        """
        Hold nothing.

        The session is ended by Finalize alone: whatever else ends this driver, the commands
        inside go on, and the build can be resumed.
        """

    # ── Session ───────────────────────────────────────────────────────────────────────────────

    def _provision(self) -> Outcome:
        if self._plan.refused is not None:
            return DONE
        runner = self._services.runner(self._plan.runner)
        environment = Environment(
            image=self._plan.image,
            mounts=tuple(
                Mount(
                    name=f"src_{source.identifier}" if source.identifier else "src",
                    source=source.directory,
                    mode=MountMode.COPY_ON_WRITE,
                    hidden=(".cicd",),
                )
                for source in self._plan.sources
            ),
            privileged=self._plan.privileged,
        )
        self._opened = runner.open(self._plan.uuid, environment, stream=self._stream)
        return DONE

    def _session(self) -> Session | None:
        if self._opened is None:
            self._opened = self._services.runner(self._plan.runner).attach(self._plan.uuid)
        return self._opened

    def _state(self, session: Session) -> str | None:
        return f"{session.scratch}/state" if self._plan.version == "0.2" else None

    def _bin(self, session: Session) -> str:
        return f"{session.scratch}/bin"

    def _values(self) -> tuple[Mapping[str, str], Redactor]:
        """Give the users' variables, and what hides the secret ones; raises Unavailable."""
        if self._resolved is None:
            found = resolve(self._plan.variables, self._services.secrets)
            if isinstance(found, Unresolved):
                raise Unavailable(found.message, hint=found.hint)
            values, hidden = found
            self._resolved = values, Redactor(hidden)
        return self._resolved

    def _environment(self, session: Session) -> dict[str, str]:
        values, _ = self._values()
        built = built_in(self._plan, session.places, self._plan.created)
        return {**GIT_TRUST, **values, **built}

    def _ask(self, session: Session, key: str, expressions: Sequence[str]) -> list[str]:
        """Let the shell expand expressions with the values as they are now."""
        variables = self._environment(session)
        script = query(
            expressions,
            state=self._state(session),
            bin_directory=self._bin(session),
            given=variables,
        )
        said = bytearray()
        session.run(
            key,
            script,
            shell=self._plan.shell,
            variables=variables,
            directory=session.places["src"],
            output=said.extend,
            cancel=CancelToken(),
        )
        answers = said.decode(errors="replace").split("\0")[:-1]
        return answers + [""] * (len(expressions) - len(answers))

    # ── DOWNLOAD_SOURCE ───────────────────────────────────────────────────────────────────────

    def _download_source(self) -> Outcome:
        plan = self._plan
        key = DownloadSource().key
        if plan.refused is not None:
            return _failed(plan.refused.code, plan.refused.message)
        session = self._session()
        if session is None:
            return LOST
        say = self._journal.say
        for source in plan.sources:
            name = f"_{source.identifier}" if source.identifier else ""
            say(key, f"CODEBUILD_SRC_DIR{name}={session.places[f'src{name}']}")
        say(key, f"YAML location is {self._location(session)}")
        if plan.unknown_keys:
            say(key, "Found possible syntax errors in buildspec: ")
        for section, keys in plan.unknown_keys:
            say(key, f"In the section {section}", "    The following keys cannot be identified:")
            say(key, *(f"        {unknown}" for unknown in keys))
        say(key, *plan.warnings)
        say(key, "Processing environment variables")
        if any(v.type is not VariableType.PLAINTEXT for v in plan.variables):
            say(key, "Decrypting parameter store environment variables")
        found = resolve(plan.variables, self._services.secrets)
        if isinstance(found, Unresolved):
            return _failed(found.code, found.message, hint=found.hint or "")
        _, redactor = self._values()
        for _ in redactor.too_short:
            say(key, "A secret of fewer than 4 characters is not masked")
        self._set_up(session)
        wrong = self._select_runtimes(session)
        if wrong is not None:
            return wrong
        say(key, f"Moving to directory {session.places['src']}")
        self._say_cache(key)
        say(key, "Registering with agent")
        present = [phase for phase in plan.phases if phase.present]
        say(key, f"Phases found in YAML: {len(present)}")
        say(key, *(f" {phase.phase}: {len(phase.commands)} commands" for phase in present))
        return Outcome(status=OutcomeStatus.DONE, detail={"places": dict(session.places.items())})

    def _location(self, session: Session) -> str:
        if not self._plan.buildspec:
            return "/codebuild/readonly/buildspec.yml"
        if self._plan.buildspec.startswith("/"):
            return self._plan.buildspec
        return f"{session.places['src']}/{self._plan.buildspec}"

    def _say_cache(self, key: str) -> None:
        if not self._plan.cache_paths:
            self._journal.say(
                key,
                "Cache is not defined in the buildspec",
                "Skip cache due to: no paths specified to be cached",
            )

    def _set_up(self, session: Session) -> None:
        others = any(phase.run_as not in (None, "root") for phase in self._plan.phases)
        script = set_up(
            f"{session.scratch}/state",
            self._bin(session),
            open_to_all=(session.scratch, *session.places.values()) if others else (),
        )
        said = bytearray()
        done = session.run(
            "DOWNLOAD_SOURCE/set-up", script, output=said.extend, cancel=CancelToken()
        )
        if done.status != 0:
            raise Unavailable(
                "the build's session could not be prepared: "
                f"{said.decode(errors='replace').strip() or f'exit status {done.status}'}",
                hint="the image needs sh, mkdir and chmod",
            )

    def _select_runtimes(self, session: Session) -> Outcome | None:
        key = DownloadSource().key
        if not self._plan.runtime_versions:
            self._journal.say(key, "No runtime version selected in buildspec.")
            return None
        offered = bytearray()
        found = session.run(
            "DOWNLOAD_SOURCE/runtimes",
            f"cat {RUNTIMES} 2>/dev/null",
            output=offered.extend,
            cancel=CancelToken(),
        )
        if found.status != 0:
            self._journal.say(
                key,
                "Skipping install of runtimes. Runtime version selection is not supported "
                "by this build image",
            )
            return None
        values, _ = self._values()
        wanted = [
            (n, values.get(v[1:], v) if v[:1] == "$" else v)
            for n, v in self._plan.runtime_versions
        ]
        image = load_text(offered.decode(errors="replace"), RUNTIMES)
        selected = select_runtimes(image, wanted)
        if isinstance(selected, str):
            return _failed("YAML_FILE_ERROR", selected)
        for number, runtime in enumerate(selected):
            self._journal.say(
                key,
                f"Selecting '{runtime.name}' runtime version '{runtime.version}' "
                "based on manual selections...",
            )
            for index, text in enumerate(runtime.commands):
                self._journal.say(key, f"Running command {text}")
                done = self._shell(
                    session,
                    f"DOWNLOAD_SOURCE/runtimes/{number}/{index}",
                    f"VERSION='{runtime.version}'\n{text}",
                    origin=key,
                )
                if done.status != 0:
                    return _failed(
                        "COMMAND_EXECUTION_ERROR",
                        f"Error while executing command: {text}. "
                        f"Reason: exit status {done.status}",
                    )
        return None

    # ── Commands ──────────────────────────────────────────────────────────────────────────────

    def _run(self, command: RunCommand, cancel: CancelToken) -> Outcome:
        session = self._session()
        if session is None:
            return LOST
        done = self._shell(
            session,
            command.key,
            self._process.command_line(command).text,
            origin=command.key,
            succeeding=command.succeeding,
            user=self._plan.phase(command.phase).run_as,
            cancel=cancel,
        )
        if done.lost:
            return LOST
        if done.cancelled is not None:
            return Outcome(status=OutcomeStatus.CANCELLED, reason=done.cancelled)
        if done.status != 0:
            return Outcome(status=OutcomeStatus.FAILED, detail={"exitStatus": done.status})
        return DONE

    def _shell(
        self,
        session: Session,
        key: str,
        text: str,
        *,
        origin: str,
        succeeding: bool = True,
        user: str | None = None,
        cancel: CancelToken | None = None,
    ) -> Exit:
        """Run one command of the buildspec, or of the image, in the build's one shell."""
        variables = self._environment(session)
        _, redactor = self._values()
        writer = LineWriter(redactor, lambda line: self._journal.output(origin, line))
        script = frame(
            text,
            state=self._state(session),
            bin_directory=self._bin(session),
            given=variables,
            succeeding=succeeding,
        )
        done = session.run(
            key,
            script,
            shell=self._plan.shell,
            variables=variables,
            directory=session.places["src"],
            user=user,
            output=writer.write,
            cancel=cancel or CancelToken(),
        )
        writer.close()
        return done

    # ── UPLOAD_ARTIFACTS, FINALIZING ──────────────────────────────────────────────────────────

    def _collector(self, session: Session, key: str) -> Collector:
        _, redactor = self._values()
        return Collector(
            plan=self._plan,
            artifacts=self._services.artifacts,
            redactor=redactor,
            picker=Picker(
                session=session,
                home=self._services.home,
                say=lambda *texts: self._journal.say(key, *texts),
                ask=lambda what, asked: self._ask(session, f"{key}/{what}", asked),
            ),
        )

    def _upload(self) -> Outcome:
        session = self._session()
        if session is None:
            return LOST
        collector = self._collector(session, UploadArtifacts().key)
        made: list[JSON] = []
        try:
            made.extend(map(collector.artifact, self._plan.artifacts))
        except NothingFound as problem:
            detail: dict[str, JSON] = {
                "code": "CLIENT_ERROR",
                "message": str(problem),
                "artifacts": made,
            }
            return Outcome(status=OutcomeStatus.FAILED, detail=detail)
        return Outcome(status=OutcomeStatus.DONE, detail={"artifacts": made})

    def _read_report(self, command: ReadReport) -> Outcome:
        session = self._session()
        if session is None:
            return LOST
        report = self._collector(session, command.key).report(self._plan.reports[command.index])
        # A report says how the tests went; the commands' exit statuses decide about the build.
        return Outcome(status=OutcomeStatus.DONE, detail={"report": report})

    def _finalize(self, command: Finalize) -> Outcome:
        session = None if self._plan.refused is not None else self._session()
        if session is None:
            return DONE
        exported: list[JSON] = []
        try:
            if command.exporting and self._plan.exported_variables:
                exported = self._exported(session, command.key)
        finally:
            session.close()
            self._opened = None
        return Outcome(status=OutcomeStatus.DONE, detail={"exported": exported})

    def _exported(self, session: Session, key: str) -> list[JSON]:
        names = self._plan.exported_variables
        try:
            answers = self._ask(session, f"{key}/exported", [value_of(name) for name in names])
            _, redactor = self._values()
        except CicdError as problem:
            # What is exported is not worth losing the build's status over.
            self._journal.say(key, f"Exported variables could not be read: {problem.message}")
            return []
        found: list[JSON] = []
        for name, answer in zip(names, answers, strict=True):
            value = answer[1:]
            if not answer:
                self._journal.say(key, f"Exported variable {name} is not set")
            elif redactor.redact(value) != value:
                self._journal.say(key, f"Exported variable {name} holds a secret: left out")
            else:
                found.append({"name": name, "value": value})
        return found


def _failed(code: str, message: str, *, hint: str = "") -> Outcome:
    detail = {"code": code, "message": message, "hint": hint}
    return Outcome(status=OutcomeStatus.FAILED, detail=detail)
