"""The one shell that a build's commands seem to share: variables in, output and answers out."""

from __future__ import annotations

import re
from collections import deque
from shlex import quote
from typing import TYPE_CHECKING

from cicd.build.secrets.resolve import Unresolved, resolve
from cicd.build.shell.commands import gate
from cicd.build.shell.script import enter, frame, query, reset, set_up
from cicd.build.variables import GIT_TRUST, built_in, is_shell_name
from cicd.engine.output import LineWriter, readable
from cicd.engine.redaction import Redactor
from cicd.errors import Unavailable
from cicd.ports import CancelToken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cicd.build.log.journal import Journal
    from cicd.build.plan import BuildPlan
    from cicd.event import JSON
    from cicd.ports import Exit, SecretSource, Session


_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
TAIL = 40  # lines of output in which a failed command has said why


class BuildShell:
    """The shell of one build in its session. Secrets are looked up once, and stay in here."""

    def __init__(
        self, plan: BuildPlan, session: Session, secrets: SecretSource, journal: Journal
    ) -> None:
        """Take where to run; nothing runs and nothing is looked up yet."""
        self.session = session
        self.tail: deque[str] = deque(maxlen=TAIL)  # the last lines of the last command
        self._plan = plan
        self._secrets = secrets
        self._journal = journal
        self._hidden: tuple[str, ...] = ()
        self._resolved: tuple[Mapping[str, str], Redactor] | None = None

    def resolve(self) -> tuple[Mapping[str, str], Redactor] | Unresolved:
        """Give the users' variables, and what hides the secret ones; or what is missing."""
        if self._resolved is None:
            found = resolve(self._plan.variables, self._secrets)
            if isinstance(found, Unresolved):
                return found
            self._hide(*found)
        assert self._resolved is not None, "just put there"
        return self._resolved

    def _hide(self, values: Mapping[str, str], hidden: tuple[str, ...]) -> None:
        self._hidden = tuple(dict.fromkeys((*self._hidden, *hidden)))  # also what was one before
        redactor = Redactor(self._hidden)
        self._journal.hide(redactor)
        self._resolved = values, redactor

    def values(self) -> tuple[Mapping[str, str], Redactor]:
        """Do the same once the secrets were found; raises Unavailable if they are gone since."""
        found = self.resolve()
        if isinstance(found, Unresolved):
            raise Unavailable(found.message, hint=found.hint)
        return found

    def masked(self, *texts: str) -> dict[str, JSON]:
        """Say, for an outcome, how texts are shown in which somebody has written a secret."""
        _, redactor = self.values()
        shown = {text: redactor.redact(text) for text in texts}
        found: dict[str, JSON] = {text: words for text, words in shown.items() if words != text}
        return {"masked": found} if found else {}

    def take(self, plan: BuildPlan, key: str) -> Unresolved | None:
        """
        Go on with the variables of ``plan``; or say what is missing, and change nothing.

        Only those that are others than before are set, or unset, over what commands made of them.
        """
        before, _ = self.values()
        found = resolve(plan.variables, self._secrets)
        if isinstance(found, Unresolved):
            return found
        values, hidden = found
        changed = {name: value for name, value in values.items() if before.get(name) != value}
        gone = [name for name in before if name not in values]
        if self._state is not None:
            variables = self._environment()
            script = reset(
                changed, gone, state=self._state, bin_directory=self._bin, given=variables
            )
            self.session.run(
                key,
                script,
                shell=self._plan.shell,
                variables=variables,
                directory=self.session.places["src"],
                output=lambda _: None,
                cancel=CancelToken(),
            )
        self._plan = plan
        self._hide(values, hidden)
        return None

    def prepare(self) -> None:
        """Make what the shell needs in the session's scratch directory; raises Unavailable."""
        session = self.session
        others = any(phase.run_as not in (None, "root") for phase in self._plan.phases)
        script = set_up(
            f"{session.scratch}/state",
            self._bin,
            pause=self._pause if self._plan.debug_session else None,
            open_to_all=(session.scratch, *session.places.values()) if others else (),
            commits={
                session.places[source.mount]: source.resolved_version
                for source in self._plan.sources
                if _COMMIT.fullmatch(source.resolved_version)
            },
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

    def run(
        self,
        key: str,
        text: str,
        *,
        origin: str,
        succeeding: bool = True,
        user: str | None = None,
        cancel: CancelToken | None = None,
        heard: Callable[[Sequence[str]], None] | None = None,
    ) -> Exit:
        """
        Run one command of the buildspec, or of the image; its output goes to the log.

        ``heard`` is called with the lines, too.
        """
        variables = self._environment()
        _, redactor = self.values()
        self.tail.clear()

        def emit(lines: Sequence[str]) -> None:
            self._journal.output(origin, lines)
            self.tail.extend(readable(lines[-TAIL:]))
            if heard is not None:
                heard(readable(lines))

        writer = LineWriter(redactor, emit, exact=True)
        script = frame(
            text,
            state=self._state,
            bin_directory=self._bin,
            given=variables,
            succeeding=succeeding,
        )
        done = self.session.run(
            key,
            script,
            shell=self._plan.shell,
            variables=variables,
            directory=self.session.places["src"],
            user=user,
            output=writer.write,
            cancel=cancel or CancelToken(),
        )
        writer.close()
        return done

    def ask(self, key: str, expressions: Sequence[str]) -> list[str]:
        """Expand expressions with the variables as they are now; "" where that fails."""
        answers, _, _ = self.ask_and_run(key, expressions, "")
        return answers

    def ask_and_run(
        self, key: str, expressions: Sequence[str], then: str
    ) -> tuple[list[str], str, int]:
        """Do the same, then run a script of our own; gives what that says, and its status."""
        variables = self._environment()
        script = query(
            expressions, state=self._state, bin_directory=self._bin, given=variables, then=then
        )
        said = bytearray()
        ended = self.session.run(
            key,
            script,
            shell=self._plan.shell,
            variables=variables,
            directory=self.session.places["src"],
            output=said.extend,
            cancel=CancelToken(),
        )
        *answers, rest = said.decode(errors="replace").split("\0", len(expressions))
        return answers + [""] * (len(expressions) - len(answers)), rest, ended.status

    def wait(self, key: str, cancel: CancelToken) -> Exit:
        """Wait at a breakpoint until somebody says to go on."""
        return self.session.run(
            key,
            quote(f"{self._bin}/codebuild-breakpoint") + f" {quote(gate(key))}\n",
            variables=self._environment(),
            directory=self.session.places["src"],
            output=lambda _: None,
            cancel=cancel,
        )

    def enter(self, words: str, *, succeeding: bool, user: str | None) -> int:
        """Put the user's own terminal into the session, beside whatever runs there."""
        variables = self._environment()
        script = enter(
            words,
            shell=self._plan.shell,
            state=self._state,
            pause=self._pause,
            bin_directory=self._bin,
            given=variables,
            succeeding=succeeding,
        )
        return self.session.enter(
            script,
            shell=self._plan.shell,
            variables=variables,
            directory=self.session.places["src"],
            user=user,
        )

    @property
    def _pause(self) -> str:
        return f"{self.session.scratch}/pause"

    @property
    def _state(self) -> str | None:
        return f"{self.session.scratch}/state" if self._plan.version == "0.2" else None

    @property
    def _bin(self) -> str:
        return f"{self.session.scratch}/bin"

    def _environment(self) -> dict[str, str]:
        values, _ = self.values()
        built = built_in(self._plan, self.session.places, self._plan.created)
        # A region that the user sets is theirs; no reserved name is left among the values.
        everything = {**GIT_TRUST, **built, **values}
        return {name: value for name, value in everything.items() if is_shell_name(name)}
