"""One run of one command: its settings, what it shows, and the services it works with."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from cicd.cli.show import Presenter, presenter
from cicd.cli.show.asked_again import AskedAgain
from cicd.cli.show.audience import Audience
from cicd.cli.stopped_here import StoppedHere
from cicd.errors import ExitCode, Unavailable
from cicd.ports import Level
from cicd.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cicd.backends.head_start import HeadStart
    from cicd.cli.audited import Audited
    from cicd.document.problem import Problem
    from cicd.engine.interrupt import Interrupts
    from cicd.event import JSON
    from cicd.observe.call import Call
    from cicd.observe.notifier import Notifier
    from cicd.ports import Services


class Invocation:
    """Made by ``shared_options``; a command asks it for everything it needs."""

    def __init__(self, *, output: str | None, home: str | None, jobs: int | None) -> None:
        """Keep the flags; nothing is read or opened yet."""
        # From where the user is, not from the source that a command may start its search at.
        place = str(Path(home).expanduser().absolute()) if home is not None else None
        self.report = output if output not in {None, "human", "plain", "json"} else None
        """A format that only this command has; everything else it says is then plain."""
        self._flags = {"output": "plain" if self.report else output, "home": place, "jobs": jobs}
        self._presenter: Presenter | None = None
        self._audience: Audience | None = None
        self._audited: Audited | None = None
        self._home: Path | None = None  # once it is open
        self._own: set[Path] = set()  # homes that came with no repository
        self._signals: Interrupts | None = None  # once they are heard
        self.interrupted: ExitCode | None = None  # the status to end with, if a signal came

    def settings(self, start: Path | None = None, **flags: str | None) -> Settings:
        """
        Gather the settings; ``start`` is where the search for the home begins.

        Raises ``Unavailable`` for a home that came with the repository.
        """
        settings = self._gathered(start, **flags)
        if settings.home not in self._own:
            from cicd.repos.committed import refuse_committed

            refuse_committed(settings.home)
            self._own.add(settings.home)
        return settings

    def _gathered(self, start: Path | None = None, **flags: str | None) -> Settings:
        """Give the settings to show things by: the home is not gone into."""
        return load_settings({**self._flags, **flags}, os.environ, start or Path.cwd())

    def choose_output(self, output: str) -> None:
        """Say what ``--output`` would have said; before anything is shown."""
        self._flags["output"] = output

    @property
    def show(self) -> Presenter:
        """What this invocation shows things with."""
        if self._presenter is None:
            settings = self._gathered()
            self._presenter = presenter(settings.output, settings.color)
        return self._presenter

    def warn(self, problems: Sequence[Problem]) -> None:
        """Show what a run has to say of its documents, but for what their comments pass over."""
        if problems:
            from cicd.lint.ignore import without_ignored

            said = without_ignored(problems)
            if self._audience is None:
                self.show.problems(said)
            else:
                self._audience.tell(lambda: self.show.problems(said))

    @property
    def wants_json(self) -> bool:
        """Tell whether the result is for programs."""
        return self._gathered().output == "json"

    @contextmanager
    def services(
        self,
        start: Path | None = None,
        *,
        env_file: Path | None = None,
        speed: float = 1,
        ahead: HeadStart | None = None,
        profile: str | None = None,
    ) -> Iterator[Services]:
        """
        Open the home and everything else; Ctrl-C asks, then insists, while inside.

        Args:
            start: Where the search for the home begins; the working directory if None.
            env_file: Values for Parameter Store and Secrets Manager.
            speed: How much faster than the clock waits pass.
            ahead: What ``wiring.head_start`` gave, if it was asked.
            profile: Of AWS, to look secrets up by; the settings' if None.
        """
        from cicd.engine.interrupt import interrupts
        from cicd.wiring import make_services

        settings = self.settings(start, profile=profile)
        self._home = settings.home
        self._audience = Audience(self.show)
        with (
            self._notifier(settings, start or Path.cwd()) as notifiers,
            make_services(
                settings,
                reporters=(self._audience, self._asked_again(), *self._recorders(), *notifiers),
                env_file=env_file,
                speed=speed,
                ahead=ahead,
            ) as services,
            interrupts(services.cancel, leave=self._leave) as asked,
        ):
            self._signals = asked
            self.show.attend(services)
            try:
                yield services
            finally:
                self.interrupted = asked.exit_code

    def audited(self, command_path: str, words: Mapping[str, object]) -> Audited | None:
        """Begin the record of a control call; None for a command that only looks."""
        from cicd.cli.audited import Audited
        from cicd.cli.controls import control_of

        control = control_of(command_path, words)
        if control is not None:
            self._audited = Audited(control, words, self._record)
        return self._audited

    def means(self, **parameters: JSON) -> None:
        """Say by the call's own names what is meant, for the audit, where it was not typed."""
        if self._audited is not None:
            self._audited.means(parameters)

    def called(self, command: str, **parameters: JSON) -> None:
        """Record a control call that was made within another, such as an approval in a run."""
        from cicd.cli.audited import Audited
        from cicd.cli.controls import CONTROLS

        made = Audited(CONTROLS[command], {}, self._record)
        made.means(parameters)
        made.accepted()

    def _asked_again(self) -> AskedAgain:
        def was_asked() -> bool:
            signals = self._signals
            return (
                signals is not None
                and signals.count == 1
                and signals.exit_code is ExitCode.INTERRUPTED
            )

        return AskedAgain(was_asked, self.show.notice)

    def _recorders(self) -> tuple[Audited | StoppedHere, ...]:
        def was_asked() -> bool:
            return self._signals is not None and self._signals.count > 0

        stopped = StoppedHere(was_asked, lambda command, names: self.called(command, **names))
        return (stopped,) if self._audited is None else (self._audited, stopped)

    def _record(self, call: Call) -> None:
        """Add a record to the audit of the home; without a home, nothing has happened yet."""
        from cicd.errors import CicdError
        from cicd.wiring.kept import record_call

        try:
            home = self.settings().home if self._home is None else self._home
        except CicdError:
            return  # there is no home to write to, which is said already
        if not home.is_dir():
            return
        try:
            record_call(home, call)
        except CicdError as problem:
            self.show.notice(f"the audit has no record of this: {problem.message}", Level.WARNING)

    @contextmanager
    def _notifier(self, settings: Settings, start: Path) -> Iterator[tuple[Notifier, ...]]:
        """Give who tells the subscribers of ``cicd.yml``, where there are any."""
        place = start if (start / "cicd.yml").is_file() else settings.home.parent
        if not (place / "cicd.yml").is_file():
            yield ()
            return
        from cicd.observe.subscriber import subscribers_of

        subscribers = subscribers_of(place)
        if not subscribers:
            yield ()
            return
        from contextlib import closing

        from cicd.observe.notifier import Notifier
        from cicd.wiring.machine import watcher

        show = self.show
        told = Notifier(subscribers, watcher, lambda text: show.notice(text, Level.WARNING))
        with closing(told):
            yield (told,)

    def _leave(self) -> NoReturn:
        """End at once: the third Ctrl-C. What runs elsewhere goes on until it is reaped."""
        self.close()
        self.show.notice(
            "left at once; 'cicd doctor --reap' removes what still runs", Level.WARNING
        )
        os._exit(ExitCode.INTERRUPTED)

    def carried_out(self, act: Callable[[], int]) -> int:
        """Have a command act; gives the status to end with, a signal's own before any other."""
        try:
            status = act()
        finally:
            self.close()
        ended = self.interrupted or status
        # A reader that left is no reason to complain.
        lost = self._audience.lost if self._audience is not None else None
        if lost is not None and not isinstance(lost, BrokenPipeError):
            if not ended:
                raise lost
            # A build that is red is no less so where its log could not be written.
            why = lost.strerror or type(lost).__name__
            self.show.notice(f"standard output cannot be used: {why}", Level.WARNING)
        return ended

    def close(self) -> None:
        """Take away what is shown live."""
        if self._presenter is not None:
            self._presenter.close()


def check_directory() -> None:
    """Raise ``Unavailable`` where the working directory is no more."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise Unavailable(
            "the directory you are in has been removed", hint="change to one that exists: cd"
        ) from None
