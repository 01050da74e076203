"""The room's public face: functions are made, changed, published, and invoked."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Final

from cicd.engine.codec import decode, encode
from cicd.errors import CicdError, Conflict
from cicd.event import Event, EventKind
from cicd.functions import changes
from cicd.functions.function import LATEST, Function, FunctionVersion, arn
from cicd.functions.invocations import InvocationRecord, note_invocation
from cicd.functions.names import check_payload, split
from cicd.functions.refusal import invalid, not_found
from cicd.functions.routing import choose, draw
from cicd.nearest import closest
from cicd.ports import FunctionAnswer, FunctionCall, LogBlock, LogLine
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.functions.function import Alias, FunctionConfiguration
    from cicd.ports import Artifact, Services

KIND: Final = "function"
_ACTIVE: Final = "Active"
_DELETED: Final = "Deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked:
    """An invocation that is over."""

    answer: FunctionAnswer
    version: str  # the one that ran
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An invocation that can be made: nothing is wrong with what was asked."""

    function: Function
    version: FunctionVersion
    call: FunctionCall


class Functions:
    """
    The functions of a home, from any process.

    A function is a stream, each event of which holds it as it is from then on: so the version
    that an append expects is the lock between two who change it.
    Safe from any thread.
    """

    def __init__(self, services: Services) -> None:
        """Work with the services' own log, artifacts and host."""
        self._services = services
        self._known: dict[str, tuple[int, Function | None]] = {}
        self._numbers = count()
        seed = services.new_id().replace("-", "")[:12]
        self._start = int(seed, 16) / 16**12 if _is_hexadecimal(seed) else 0.0

    # ── Looking ───────────────────────────────────────────────────────────────────────────────

    def find(self, name: str) -> Function:
        """Give a function; raises ``FunctionRefused`` with the name that may be meant."""
        found = self._read(name)[1]
        if found is not None:
            return found
        near = closest(name, [each.name for each in self.every()])
        hint = f"did you mean '{near}'?" if near else "'cicd function list' shows what there is"
        raise not_found(arn(name), hint)

    def every(self) -> tuple[Function, ...]:
        """Give every function that is there, by name."""
        names = sorted({each.name for each in self._services.executions.list(kind=KIND)})
        found = (self._read(name)[1] for name in names)
        return tuple(each for each in found if each is not None)

    # ── Changing ──────────────────────────────────────────────────────────────────────────────

    def create(
        self, name: str, configuration: FunctionConfiguration, code: Artifact
    ) -> FunctionVersion:
        """Make a function."""
        now = self._services.clock.now()

        def change(before: Function | None) -> Function:
            return changes.created(before, name, configuration, code, now)

        change(self._read(name)[1])  # nothing is entered for what is refused
        self._enter(name)
        return self._change(name, change).latest

    def update(
        self,
        name: str,
        configure: Callable[[FunctionConfiguration], FunctionConfiguration],
        code: Artifact | None = None,
    ) -> FunctionVersion:
        """Change what ``$LATEST`` holds."""
        self.find(name)
        now = self._services.clock.now()

        def change(before: Function | None) -> Function:
            there = _there(before, name)
            return changes.updated(there, configure(there.latest.configuration), code, now)

        return self._change(name, change).latest

    def publish(self, name: str, description: str = "") -> FunctionVersion:
        """Publish ``$LATEST``; gives the newest version when nothing has changed since."""
        self.find(name)
        now = self._services.clock.now()

        def change(before: Function | None) -> Function:
            return changes.published(_there(before, name), description, now)[0]

        return self._change(name, change).versions[-1]

    def put_alias(
        self,
        name: str,
        alias: str,
        version: str,
        additional: Mapping[str, float],
        *,
        description: str | None = None,
        revision_id: str | None = None,
    ) -> Alias:
        """Let an alias, new or not, point to a version, or to two by weight."""
        self.find(name)

        def change(before: Function | None) -> Function:
            return changes.aliased(
                _there(before, name),
                alias,
                version,
                additional,
                description=description,
                revision_id=revision_id,
            )

        return self._change(name, change).aliases[alias]

    def remove_alias(self, name: str, alias: str) -> None:
        """Take an alias away."""
        self.find(name)
        self._change(name, lambda before: changes.without_alias(_there(before, name), alias))

    def remove(self, name: str, version: str = "") -> None:
        """Take a function away, or one published version of it."""
        self.find(name)
        if version:
            self._change(
                name, lambda before: changes.without_version(_there(before, name), version)
            )
            return
        self._write(name, None)
        for record in self._services.executions.list(kind=KIND, name=name):
            self._services.executions.update(record.stream, _DELETED, self._services.clock.now())

    # ── Invoking ──────────────────────────────────────────────────────────────────────────────

    def prepare(
        self, wanted: str, *, qualifier: str = "", payload: bytes = b"", asynchronous: bool = False
    ) -> Invocation:
        """
        Say what an invocation would run: the version is chosen here.

        Args:
            wanted: A name, or an ARN, which may hold the qualifier.
            qualifier: A version or an alias; "" is ``$LATEST``.
            payload: The event, JSON; empty is ``{}``.
            asynchronous: Whether nobody waits for the answer: the limit is another one.

        Raises:
            FunctionRefused: There is no such function; the event is too large, or no JSON.

        """
        name, inside = split(wanted)
        if inside and qualifier and inside != qualifier:
            raise invalid(
                "The derived qualifier from the function name does not match the specified "
                "qualifier."
            )
        asked = qualifier or inside
        function = self.find(name)
        event = check_payload(payload, asynchronous=asynchronous)
        version = self._chosen(function, asked or LATEST)
        held = version.configuration
        call = FunctionCall(
            function_name=name,
            version=version.version,
            invoked_arn=arn(name, asked),
            identity=f"{name}/{version.version}/{version.content}",
            code=version.code,
            runtime=held.runtime,
            handler=held.handler,
            environment=held.environment,
            timeout=held.timeout,
            memory_size=held.memory_size,
            runner=held.runner,
            image=held.image,
            request_id=self._services.new_id(),
            payload=event,
        )
        return Invocation(function=function, version=version, call=call)

    def invoke(self, prepared: Invocation) -> Invoked:
        """Invoke, and wait for the end; its log is kept."""
        call = prepared.call
        try:
            answer = self._services.functions.invoke(call)
        except CicdError:
            self._note(call, failed=True, seconds=0.0)
            raise
        self._note(call, failed=bool(answer.error), seconds=answer.seconds)
        texts = answer.log.splitlines()
        if texts:
            block = LogBlock(at=self._services.clock.now(), origin=call.version, texts=texts)
            self._services.logs.extend(stream_of(call.function_name), block)
        return Invoked(answer=answer, version=call.version, request_id=call.request_id)

    def invoke_unheard(self, prepared: Invocation) -> None:
        """Invoke where nobody waits for the answer: whatever comes of it is in the log alone."""
        try:
            self.invoke(prepared)
        except CicdError as problem:
            line = LogLine(at=self._services.clock.now(), origin="", text=problem.message)
            self._services.logs.append(stream_of(prepared.function.name), line)

    def _note(self, call: FunctionCall, *, failed: bool, seconds: float) -> None:
        clock = self._services.clock
        record = InvocationRecord(
            at=clock.machine(clock.now()),
            version=call.version,
            qualifier=split(call.invoked_arn)[1],
            failed=failed,
            seconds=seconds,
        )
        note_invocation(call.function_name, record, self._services.logs)

    def _chosen(self, function: Function, qualifier: str) -> FunctionVersion:
        if qualifier == LATEST or qualifier.isdecimal():
            return function.version(qualifier)
        alias = function.alias(qualifier)
        return function.version(choose(alias, draw(self._start, next(self._numbers))))

    # ── The stream ────────────────────────────────────────────────────────────────────────────

    def _read(self, name: str) -> tuple[int, Function | None]:
        version, function = self._known.get(name, (0, None))
        events = self._services.log.read(stream_of(name), after=version)
        if events:
            version, event = events[-1]
            data = event.data["function"]
            function = None if data is None else decode(Function, data)
            self._known[name] = (version, function)
        return version, function

    def _change(self, name: str, change: Callable[[Function | None], Function]) -> Function:
        while True:
            version, before = self._read(name)
            after = change(before)
            if after == before:
                return after
            try:
                self._append(name, after, expected=version)
            except Conflict:
                continue
            return after

    def _write(self, name: str, function: Function | None) -> None:
        while True:
            try:
                self._append(name, function, expected=self._read(name)[0])
            except Conflict:
                continue
            return

    def _append(self, name: str, function: Function | None, *, expected: int) -> None:
        data = None if function is None else encode(function)
        event = Event(
            kind=EventKind.SIGNALLED,
            at=self._services.clock.now(),
            data={"signal": KIND, "function": data},
        )
        self._services.log.append(stream_of(name), (event,), expected=expected)

    def _enter(self, name: str) -> None:
        now = self._services.clock.now()
        for record in self._services.executions.list(kind=KIND, name=name):
            self._services.executions.update(record.stream, _ACTIVE, now)
            return
        self._services.executions.submit(
            stream_of(name), kind=KIND, name=name, status=_ACTIVE, parent=None, at=now
        )


def stream_of(name: str) -> str:
    """Name a function's stream, and its log."""
    return f"{KIND}/{name}"


def _there(function: Function | None, name: str) -> Function:
    if function is None:
        raise not_found(arn(name))
    return function


def _is_hexadecimal(text: str) -> bool:
    return bool(text) and all(character in "0123456789abcdef" for character in text)
