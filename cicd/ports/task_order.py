"""What a task is to be: its containers, and all that the engine is told of each."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from cicd.record import dataclass

START_TIMEOUT = timedelta(minutes=3)
"""Source: ECS Developer Guide, "Amazon ECS container agent configuration"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerHealth:
    """``healthCheck`` of a container, as the engine is to ask it."""

    command: tuple[str, ...]
    interval: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=5)
    retries: int = 3
    start_period: timedelta = timedelta()


class DependencyCondition(StrEnum):
    """What a container waits for of another. Source: ECS API, "ContainerDependency"."""

    START = "START"
    COMPLETE = "COMPLETE"
    SUCCESS = "SUCCESS"
    HEALTHY = "HEALTHY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerDependency:
    """Another container of the task that has to have come so far."""

    container: str
    condition: DependencyCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Ulimit:
    """An element of ``ulimits``."""

    name: str
    soft: int
    hard: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskMount:
    """A mount point: exactly one of ``host``, ``shared`` and ``volume`` says what is mounted."""

    target: str  # an absolute path in the container
    host: str = ""  # an absolute path of this machine; made when it is not there
    shared: str = ""  # a volume of the engine's, which outlives the task
    volume: str = ""  # a volume of the task, which ends with it
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelOptions:
    """``linuxParameters``, ``systemControls`` and what else the kernel is told of a container."""

    ulimits: tuple[Ulimit, ...] = ()
    capabilities: tuple[str, ...] = ()  # added
    without_capabilities: tuple[str, ...] = ()
    devices: tuple[tuple[str, str, str], ...] = ()  # of this machine, inside, "rwm"
    tmpfs: tuple[tuple[str, str], ...] = ()  # path inside, options
    shared_memory: int | None = None  # bytes
    swap: int | None = None  # bytes beside the memory; None: none at all
    swappiness: int | None = None
    controls: tuple[tuple[str, str], ...] = ()  # sysctls; those of "net." are the whole task's
    security: tuple[str, ...] = ()
    privileged: bool = False
    read_only_root: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptions:
    """How a container finds others by name. A task has one network: all of them add to it."""

    dns: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    hosts: tuple[tuple[str, str], ...] = ()  # name, address
    host_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerOrder:
    """One container of a task."""

    name: str
    image: str
    essential: bool = True
    command: tuple[str, ...] | None = None  # None: the image's own
    entry_point: tuple[str, ...] | None = None
    environment: tuple[tuple[str, str], ...] = ()
    working_directory: str = ""
    user: str = ""
    ports: tuple[int, ...] = ()  # inside
    cpu: int = 0  # shares: 1024 are one core
    memory: int | None = None  # bytes, at most
    reservation: int | None = None  # bytes that it keeps when memory is short
    health: ContainerHealth | None = None
    waits_for: tuple[ContainerDependency, ...] = ()
    start_timeout: timedelta = START_TIMEOUT  # how long others wait for it
    stop_timeout: timedelta | None = None  # from SIGTERM to SIGKILL; None: SIGKILL at once
    restarts: bool = True  # whether it is started again when it ends
    mounts: tuple[TaskMount, ...] = ()
    volumes_from: tuple[tuple[str, bool], ...] = ()  # a container, and whether to read only
    kernel: KernelOptions = KernelOptions()
    network: NetworkOptions = NetworkOptions()
    labels: tuple[tuple[str, str], ...] = ()
    open_stdin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSetOrder:
    """Tasks that are to run: each is all of the containers, which share a network."""

    service: str
    id: str  # unique in its service
    count: int
    containers: tuple[ContainerOrder, ...]  # in the order in which they are started
    port: int  # inside, of the task's network: where the load balancer sends requests

    @property
    def network_owner(self) -> ContainerOrder:
        """
        Give the container whose network the others have.

        It is the first that lasts: what others wait for to end is over when they begin.
        """
        ended = {
            each.container
            for container in self.containers
            for each in container.waits_for
            if each.condition in (DependencyCondition.COMPLETE, DependencyCondition.SUCCESS)
        }
        lasting = [each for each in self.containers if each.name not in ended]
        return next(iter(lasting), self.containers[0])
