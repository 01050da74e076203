"""
Every seam to the outside, with the values that cross it.

Rooms name these; ``backends``, ``store`` and ``testing`` implement them;
``wiring.py`` joins the two.
Unless a port says otherwise it is called from worker threads and must be re-entrant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cicd.errors import Unavailable
from cicd.event import JSON, Event
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager


# ── Cancelling ────────────────────────────────────────────────────────────────────────────────


class CancelToken:
    """
    Asks one piece of work to stop. Never unset.

    The first reason stays, but for "KILLED" (no grace), which may follow any other one.
    """

    def __init__(self) -> None:
        """Start unset."""
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []

    @property
    def reason(self) -> str | None:
        """Such as "TIMED_OUT", "STOPPED" or "KILLED" (no grace); ``None``: go on."""
        return self._reason

    def cancel(self, reason: str) -> None:
        """Ask for the end; idempotent, the first reason stays unless this one is "KILLED"."""
        with self._lock:
            if self._reason == "KILLED" or (self._reason is not None and reason != "KILLED"):
                return
            self._reason = reason
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Call back when cancelled, on the canceller's thread, at once if already set;
        and once more when "KILLED" follows another reason."""
        with self._lock:
            self._callbacks.append(callback)
            cancelled = self._reason is not None
        if cancelled:
            callback()


# ── Where commands run ────────────────────────────────────────────────────────────────────────


class MountMode(StrEnum):
    """What a session may do to a mounted directory."""

    READ_ONLY = "READ_ONLY"
    COPY_ON_WRITE = "COPY_ON_WRITE"  # writes stay in the session; the original is never touched
    READ_WRITE = "READ_WRITE"  # writes reach the original


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """A directory of this machine that a session can see, under a name of its own."""

    name: str  # "src", "src_lib": Session.places[name] says where it is inside
    source: Path  # absolute
    mode: MountMode
    hidden: tuple[str, ...] = ()  # top-level entries that must not be seen inside, such as ".cicd"
    place: str = ""  # absolute path inside; "": the runner chooses. The host runner always does
    make: bool = False  # the directory is made if it is not there
    layer: Path | None = None  # COPY_ON_WRITE: a directory whose content lies over the source's


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A place to be made. Fields that a runner cannot honour raise ``Unavailable`` in ``open``."""

    image: str = ""  # "" for runners without images
    stands_for: str = ""  # the image that ``image`` takes the place of, if any
    mounts: tuple[Mount, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    privileged: bool = False
    docker: str = ""  # "socket", "nested": the engine that ``docker`` inside speaks to
    network: str | None = None  # None: the runner's default; "none", "host", "bridge", or a name
    make_network: str = ""  # "open", "internal": how the network is made if it is absent
    cpus: float | None = None
    memory: int | None = None  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a command ended: 0–255, signals as 128 + n. ``cancelled``: the token's reason."""

    status: int
    cancelled: str | None = None
    lost: bool = False  # the session died under it
    note: str = ""  # what the runner knows of a violent end: whose memory ran out, say


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One regular file, or symbolic link, below a directory of a session."""

    path: str  # relative, "/"-separated
    mode: int  # permission bits
    size: int  # bytes
    link: str | None = None  # the link's text, when it is a link


class Session(Protocol):
    """
    One such place, from provisioning to close. One command at a time.

    The driver inside outlives us: a command that was given to it goes on when we die,
    and ``run`` with the same key joins it again instead of running it twice.
    """

    places: Mapping[str, str]  # a mount's name → its absolute path inside
    scratch: str  # absolute path inside of a private, writable directory outside all mounts

    def run(
        self,
        key: str,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] = ...,
        directory: str | None = None,
        user: str | None = None,
        output: Callable[[bytes], None],
        cancel: CancelToken,
    ) -> Exit:
        """
        Run ``script`` in a fresh ``shell``, and return once it has ended.

        Standard input is empty; standard output and error reach ``output`` merged,
        in the order written, complete before this returns.
        Background children do not hold it up.
        ``variables`` are added to the environment's; ``directory`` defaults to ``scratch``.
        ``user`` None is the session's own (root in a container).

        A key that already ran gives its output from the first byte and its exit again,
        one that is running is joined: nothing runs twice.

        When cancelled: terminate to the command's processes, ten seconds' grace, kill;
        reason "KILLED" skips the grace.
        """

    def files(self, directory: str) -> Iterator[FileEntry]:
        """List regular files and links below ``directory`` (absolute), sorted; raises UsageError
        when it is not a directory. Links to directories are listed as links, not entered."""

    def copy_in(self, source: Path, destination: str) -> None:
        """Copy a file or a directory's content to ``destination`` inside, making parents."""

    def copy_out(self, directory: str, paths: Sequence[str], destination: Path) -> None:
        """Copy ``paths`` (relative to ``directory``) out, keeping modes and their sub-paths.
        Links are followed. What leaves is owned by the invoking user."""

    def enter(
        self,
        script: str,
        *,
        shell: str = "sh",
        variables: Mapping[str, str] = ...,
        directory: str | None = None,
        user: str | None = None,
    ) -> int:
        """
        Run ``script`` at the caller's own terminal, beside whatever runs, and give its status.

        Its standard streams are this process's; nothing of it is remembered.
        Raises ``Unavailable`` where this machine has no way in.
        """

    def close(self) -> None:
        """End everything inside and forget it; safe twice; never takes a token."""


class Runner(Protocol):
    """Makes places in which commands run."""

    name: str  # "docker", "sandbox", "host"

    def check(self) -> None:
        """Raise ``Unavailable``, with a hint, when this machine cannot run it now."""

    def open(
        self,
        session_id: str,
        environment: Environment,
        *,
        stream: str,
        say: Callable[[str], None] | None = None,
    ) -> Session:
        """Make a session; raises ``Unavailable`` for a missing image and the like.
        ``stream`` is the execution it belongs to, kept in a label so that it can be reaped;
        ``say`` gets a line now and then where this takes long."""

    def attach(self, session_id: str) -> Session | None:
        """Find a session that a dead process left running, or None."""

    def reap(self, keep: Callable[[str], bool]) -> list[str]:
        """End every session whose stream ``keep`` does not want; return what was removed."""


class TargetKind(StrEnum):
    """What a deployment's target is."""

    DIRECTORY = "DIRECTORY"
    CONTAINER = "CONTAINER"
    MACHINE = "MACHINE"  # the one we run on


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSpec:
    """An instance of a deployment group, as ``cicd.yml`` or ``--instance`` names it."""

    id: str
    kind: TargetKind = TargetKind.DIRECTORY
    location: str  # the absolute path of the instance's root; CONTAINER: its name
    variables: tuple[tuple[str, str], ...] = ()  # only here: a port, say
    endpoint: str | None = None  # where it serves, to be shown to people
    zone: str = ""  # its availability zone, which zonal configurations go by


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedInstance:
    """A container that may be an instance; its labels are its tags."""

    name: str
    tags: Mapping[str, str]
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HookRun:
    """A hook script to be run on an instance."""

    script: str  # absolute path on the instance's own file system view, see InstanceTarget.inside
    runas: str | None
    timeout: timedelta
    variables: Mapping[str, str]


class HookFailure(StrEnum):
    """Why a hook did not succeed, as the agent tells them apart."""

    TIMED_OUT = "TIMED_OUT"
    EXIT = "EXIT"  # exit status other than 0, or a signal
    CANNOT_EXECUTE = "CANNOT_EXECUTE"
    STDOUT_OPEN = "STDOUT_OPEN"
    STDERR_OPEN = "STDERR_OPEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class HookExit:
    """How a hook ended. ``failure`` None: it succeeded."""

    failure: HookFailure | None = None
    status: int | None = None  # the exit status; None after a signal
    message: str = ""  # for CANNOT_EXECUTE: the system's words


class InstanceTarget(Protocol):
    """
    One instance: a place with a file system of its own, in which hooks run.

    ``path`` maps an absolute path of the instance to this machine's;
    the agent's own state lives below ``agent_root`` (a path of this machine).
    """

    id: str
    agent_root: Path

    def check(self) -> None:
        """Raise ``Unavailable`` when the instance cannot be used."""

    def path(self, inside: str) -> Path:
        """Say where an absolute path of the instance is on this machine; never outside it."""

    def inside(self, path: Path) -> str:
        """Say how a hook would name a path of this machine below the instance's root."""

    def run_hook(
        self, hook: HookRun, *, output: Callable[[str, str], None], cancel: CancelToken
    ) -> HookExit:
        """Run one script to its end. ``output`` gets ("stdout" | "stderr", line)."""

    def terminate(self) -> None:
        """End the instance: none of its processes runs any more. Safe twice; raises
        ``Unavailable`` when it cannot be done."""


# ── Traffic ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Endpoint:
    """Where something listens."""

    host: str  # a name or an address
    port: int

    def __str__(self) -> str:
        """Give "host:port"."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """How a router finds out whether a target may have requests."""

    path: str = "/"  # "": that it accepts a connection is enough
    lowest: int = 200  # status codes that are healthy, both ends included
    highest: int = 399
    interval: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(seconds=2)
    unhealthy_threshold: int = 2  # failures in a row


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSpec:
    """A listener of a router, with the weights it begins with."""

    name: str
    listen: Endpoint
    weights: tuple[tuple[str, int], ...]  # target group, per cent


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSpec:
    """A load balancer, as ``local.loadBalancers`` of ``cicd.yml`` names it."""

    name: str
    kind: str = "proxy"
    routes: tuple[RouteSpec, ...]
    health_check: HealthCheck = field(default_factory=HealthCheck)


class TrafficRouter(Protocol):
    """
    Sends each request to one of a route's target groups, by weight.

    Everything may be repeated. It goes on without us, and what it was told survives its death.
    Each call raises ``Unavailable`` when the router cannot be reached or made.
    """

    def set_weights(self, route: str, weights: Mapping[str, int]) -> None:
        """
        Share a route's requests out over groups; returns once new requests obey.

        Per cent that sum to 100; raises UsageError for others, and for an unknown route.
        """

    def weights(self, route: str) -> Mapping[str, int]:
        """Give the weights that are in force; raises UsageError for an unknown route."""

    def register(self, group: str, endpoint: Endpoint) -> None:
        """Let a target have requests of its group as soon as it is healthy."""

    def deregister(self, group: str, endpoint: Endpoint, *, drain: timedelta) -> None:
        """Send a target nothing new; returns when its requests have ended, or after ``drain``."""

    def healthy(self, group: str) -> frozenset[Endpoint]:
        """Give the targets of a group that have requests."""


# ── Alarms, and who is told ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Something that can be looked at: exactly one of a command and a URL."""

    command: str = ""  # given to ``sh``: 0 is good, 1 is bad, anything else cannot be read
    url: str = ""  # fetched: 200 to 399 is good, all else and no answer is bad
    directory: str = ""  # where the command starts
    timeout: int = 10  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look gave. ``good`` None: it could not be read, and ``words`` say why."""

    good: bool | None
    text: str = ""  # what the command printed, or the body
    words: str = ""  # "exit status 1", "answered 503"


class Watcher(Protocol):
    """Looks at probes, and tells subscribers."""

    def look(self, probe: Probe) -> Reading:
        """Look once; never raises for what it finds, or for its absence."""

    def tell(self, subscriber: Probe, payload: str) -> Reading:
        """Give JSON to a command's standard input, or post it to a URL."""


# ── Sources ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """What was fetched: all fields but ``id`` are "" where the source does not know them."""

    id: str  # commit id; "" for a directory outside git
    branch: str = ""
    tag: str = ""
    message: str = ""
    author: str = ""
    author_date: str = ""  # RFC 3339
    committer_date: str = ""
    url: str = ""  # clone URL, or the directory
    dirty: bool = False  # the working tree differs from ``id``


class Source(Protocol):
    """Where code comes from."""

    def describe(self) -> Revision:
        """Say what the source holds now, without fetching it."""

    def fetch(self, version: str | None, into: Path) -> Revision:
        """Put the files of ``version`` (commit, branch, tag; None: the default) into the empty
        directory ``into``; raises UsageError for an unknown version."""


# ── Artifacts ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactFile:
    """One file to be put into an artifact."""

    path: str  # relative, "/"-separated
    source: Path  # where its bytes are
    mode: int = 0o644
    link: str | None = None  # a symbolic link with this text; ``source`` is then not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A zip in the store, named by its content."""

    digest: str  # sha256 of the zip, hexadecimal
    size: int  # bytes of the zip
    files: int


class ArtifactStore(Protocol):
    """Zips by content; the same files give the same digest."""

    def put(self, files: Iterable[ArtifactFile]) -> Artifact:
        """Pack and keep; atomic."""

    def put_zip(self, path: Path) -> Artifact:
        """Keep a zip as it is; raises UsageError when it is not one."""

    def find(self, digest: str) -> Artifact | None:
        """Look one up."""

    def path(self, artifact: Artifact) -> Path:
        """Say where the zip is, for readers."""

    def unpack(self, artifact: Artifact, into: Path) -> None:
        """Unpack; raises UsageError for an entry that would leave ``into``."""


# ── Build caches ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEntry:
    """One cache, complete; its tree is never changed."""

    id: str
    scope: str  # what is looked up together: place, namespace, paths
    key: str  # "" for the one cache of a project
    name: str  # for people: whose it is
    created_at: datetime
    size: int  # bytes on the disk
    files: int
    tree: Path
    image: str = ""  # of the build that saved it, as the runner knows it


class CacheStore(Protocol):
    """Build caches; an entry is whole or not there."""

    def entries(self) -> list[CacheEntry]:
        """Give all, the newest first."""

    def find(self, scope: str, prefix: str, *, exact: bool = True) -> CacheEntry | None:
        """Give the newest of ``scope`` whose key is, or only begins with, ``prefix``."""

    def writing(
        self, scope: str, key: str, name: str, *, image: str = ""
    ) -> AbstractContextManager[Path]:
        """Give an empty directory to fill; it becomes the entry when the block ends well."""

    def hold(self, entry: CacheEntry, session_id: str) -> None:
        """Keep an entry for as long as that session lives, which looks through its tree."""

    def held(self, session_id: str) -> CacheEntry | None:
        """Give what a session looks through."""

    def release(self, session_id: str) -> None:
        """Hold it no more, and let it go if a newer one has taken its place; safe twice."""

    def remove(self, entry: CacheEntry) -> bool:
        """Remove one; False: a living session looks through it."""


# ── Secrets ───────────────────────────────────────────────────────────────────────────────────


class SecretSource(Protocol):
    """Values that must not be shown."""

    def parameter(self, name: str) -> str | None:
        """Value of a Parameter Store parameter; None: it does not exist."""

    def secret(self, reference: str) -> str | None:
        """Value behind ``id:json-key:version-stage:version-id``; None: it does not exist."""

    def parameter_place(self, name: str) -> str | None:
        """Say where a parameter's value comes from, for people; None: it does not exist."""

    def secret_place(self, reference: str) -> str | None:
        """Say where a secret's value comes from, whatever key of it; None: it does not exist."""

    def parameter_hint(self, name: str) -> str:
        """Say how a parameter that does not exist is given here."""

    def secret_hint(self, reference: str) -> str:
        """Say how a secret that does not exist is given here."""


# ── What is remembered ────────────────────────────────────────────────────────────────────────


class EventLog(Protocol):
    """Append-only streams; the uniqueness of (stream, version) is the lock."""

    def append(self, stream: str, events: Sequence[Event], *, expected: int) -> int:
        """Write all or nothing and return the new version; ``expected`` is the current one
        (0 for a new stream); raises ``Conflict`` when it is not."""

    def read(self, stream: str, *, after: int = 0) -> list[tuple[int, Event]]:
        """Give (version, event) pairs above ``after``, in order."""

    def subscribe(self, callback: Callable[[str], None]) -> Callable[[], None]:
        """Call back with the stream after each append of this process; returns the undoing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionRecord:
    """One line of the index of executions."""

    stream: str  # "build/app:uuid", "deployment/d-ABCDEFGHI", "pipeline/uuid"
    kind: str  # "build", "deployment", "pipeline"
    name: str  # project, deployment group or pipeline
    status: str
    parent: str | None = None
    number: int = 0  # counts from 1 within kind and name
    created_at: datetime
    updated_at: datetime
    driver: str | None = None  # who drives it; None: nobody
    driven: bool = False  # the driver is alive


class ExecutionIndex(Protocol):
    """The index of executions: a cache over the log, but the only place that counts."""

    def submit(
        self, stream: str, *, kind: str, name: str, status: str, parent: str | None, at: datetime
    ) -> ExecutionRecord:
        """Enter a new execution and give it its number."""

    def update(self, stream: str, status: str, at: datetime) -> None:
        """Note a new status."""

    def list(
        self, *, kind: str | None = None, name: str | None = None, limit: int | None = None
    ) -> list[ExecutionRecord]:
        """Give the newest first."""

    def find(self, kind: str, id_or_prefix: str) -> ExecutionRecord | None:
        """Find by id (the stream after its first "/"), or a prefix of it or of the UUID in it
        that only one has; raises UsageError when several have it."""

    def drive(self, stream: str) -> AbstractContextManager[None]:
        """Be the one driver while inside; raises ``Conflict`` while another one lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of a stream's log, already redacted."""

    at: datetime
    origin: str  # the key of the command that wrote it; "" for our own words
    text: str  # without the line end


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBlock:
    """Lines of one origin that came at one moment: a command may write a million a second."""

    at: datetime
    origin: str
    texts: Sequence[str]  # without line ends, and none inside

    def lines(self) -> Iterator[LogLine]:
        """Give them one by one."""
        for text in self.texts:
            yield LogLine(at=self.at, origin=self.origin, text=text)


class LogStore(Protocol):
    """One append-only log a stream."""

    def append(self, stream: str, line: LogLine) -> None:
        """Write one line; whole lines only, from several threads."""

    def extend(self, stream: str, block: LogBlock) -> None:
        """Write all lines of a block, with nobody else's between them."""

    def read(self, stream: str, *, after: int = 0) -> Iterator[tuple[int, LogLine]]:
        """Give (offset after the line, line) from byte offset ``after`` on."""

    def drop(self, stream: str, origin: str) -> None:
        """Forget everything from the first line of ``origin`` on: it is about to be replayed."""

    def path(self, stream: str) -> Path:
        """Say where the log is, for people."""


# ── Time ──────────────────────────────────────────────────────────────────────────────────────


class Inbox(Protocol):
    """Where outcomes and signals arrive. ``put`` is safe in a signal handler."""

    def put(self, item: object) -> None:
        """Leave an item for whoever takes next."""

    def take(self, until: datetime | None) -> list[object]:
        """Wait for at least one item, ``until``, or the clock's own patience (200 ms), and give
        all that is there; the only place that waits."""


class Clock(Protocol):
    """The only source of the time."""

    def now(self) -> datetime:
        """Aware UTC."""

    def inbox(self) -> Inbox:
        """Make a new one, woken by this clock."""

    def working(self) -> AbstractContextManager[None]:
        """Time may not jump while somebody is in here."""


# ── What people see ───────────────────────────────────────────────────────────────────────────


class Level(StrEnum):
    """How much a described event matters."""

    DETAIL = "DETAIL"
    INFO = "INFO"
    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILURE = "FAILURE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """An event in words. ``text`` "" : nothing to say to people. ``detail``: EventBridge's."""

    text: str
    level: Level = Level.INFO
    detail: Mapping[str, JSON] = field(default_factory=dict)


class Reporter(Protocol):
    """Shows what happens. Called from several threads; orders itself."""

    def event(self, stream: str, event: Event, said: Described) -> None:
        """Show what happened."""

    def line(self, stream: str, line: LogLine) -> None:
        """Show a line of output."""

    def block(self, stream: str, block: LogBlock) -> None:
        """Show many lines of output at once."""


# ── All of it ─────────────────────────────────────────────────────────────────────────────────


def _no_router(spec: RouterSpec) -> TrafficRouter:
    raise Unavailable(f"there is no load balancer '{spec.name}' here")


@dataclass(frozen=True, kw_only=True)
class Services:
    """What a room may ask for; made by ``wiring.py``."""

    home: Path  # the state directory, ".cicd"
    log: EventLog
    executions: ExecutionIndex
    logs: LogStore
    artifacts: ArtifactStore
    caches: CacheStore
    secrets: SecretSource
    clock: Clock
    reporters: tuple[Reporter, ...]
    new_id: Callable[[], str]  # a fresh UUID
    runner: Callable[[str], Runner]  # by name; loaded when first asked for
    source: Callable[[Path], Source]  # what is committed in a git repository
    working_tree: Callable[[Path], Source]  # any directory as it is, in git or not
    target: Callable[[TargetSpec], InstanceTarget]
    watcher: Callable[[], Watcher]
    router: Callable[[RouterSpec], TrafficRouter] = _no_router
    cancel: CancelToken = field(default_factory=CancelToken)  # the invocation's own
    jobs: int = 8  # commands at once, an execution
    tagged: Callable[[], tuple[TaggedInstance, ...]] = tuple  # what tags of groups may mean
