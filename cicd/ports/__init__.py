"""
Every seam to the outside, with the values that cross it: one file a seam.

Rooms name these; ``backends``, ``store`` and ``testing`` implement them; ``wiring.py`` joins the
two. Who imports a name from here loads the one file that defines it.
Unless a port says otherwise it is called from worker threads and must be re-entrant.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cicd.ports.artifacts import Artifact as Artifact
    from cicd.ports.artifacts import ArtifactFile as ArtifactFile
    from cicd.ports.artifacts import ArtifactStore as ArtifactStore
    from cicd.ports.artifacts import KeptArtifact as KeptArtifact
    from cicd.ports.caches import CacheEntry as CacheEntry
    from cicd.ports.caches import CacheStore as CacheStore
    from cicd.ports.cancel import CancelToken as CancelToken
    from cicd.ports.clock import Clock as Clock
    from cicd.ports.clock import Inbox as Inbox
    from cicd.ports.environment import Environment as Environment
    from cicd.ports.environment import Mount as Mount
    from cicd.ports.environment import MountMode as MountMode
    from cicd.ports.events import EventLog as EventLog
    from cicd.ports.executions import ExecutionIndex as ExecutionIndex
    from cicd.ports.executions import ExecutionRecord as ExecutionRecord
    from cicd.ports.functions import FunctionAnswer as FunctionAnswer
    from cicd.ports.functions import FunctionCall as FunctionCall
    from cicd.ports.functions import FunctionHost as FunctionHost
    from cicd.ports.http import HttpAnswer as HttpAnswer
    from cicd.ports.http import HttpCall as HttpCall
    from cicd.ports.http import HttpClient as HttpClient
    from cicd.ports.instance import HookExit as HookExit
    from cicd.ports.instance import HookFailure as HookFailure
    from cicd.ports.instance import HookRun as HookRun
    from cicd.ports.instance import InstanceTarget as InstanceTarget
    from cicd.ports.instance import TaggedInstance as TaggedInstance
    from cicd.ports.instance import TargetKind as TargetKind
    from cicd.ports.instance import TargetSpec as TargetSpec
    from cicd.ports.logs import LogBlock as LogBlock
    from cicd.ports.logs import LogLine as LogLine
    from cicd.ports.logs import LogStore as LogStore
    from cicd.ports.machines import MachineOrder as MachineOrder
    from cicd.ports.machines import Machines as Machines
    from cicd.ports.objects import Bucket as Bucket
    from cicd.ports.objects import LocalImage as LocalImage
    from cicd.ports.objects import ObjectEntry as ObjectEntry
    from cicd.ports.reporter import Described as Described
    from cicd.ports.reporter import Level as Level
    from cicd.ports.reporter import Reporter as Reporter
    from cicd.ports.runner import Exit as Exit
    from cicd.ports.runner import FileEntry as FileEntry
    from cicd.ports.runner import Runner as Runner
    from cicd.ports.runner import Session as Session
    from cicd.ports.secrets import ParameterStore as ParameterStore
    from cicd.ports.secrets import SecretSource as SecretSource
    from cicd.ports.services import Services as Services
    from cicd.ports.source import Revision as Revision
    from cicd.ports.source import Source as Source
    from cicd.ports.task_order import ContainerDependency as ContainerDependency
    from cicd.ports.task_order import ContainerHealth as ContainerHealth
    from cicd.ports.task_order import ContainerOrder as ContainerOrder
    from cicd.ports.task_order import DependencyCondition as DependencyCondition
    from cicd.ports.task_order import KernelOptions as KernelOptions
    from cicd.ports.task_order import NetworkOptions as NetworkOptions
    from cicd.ports.task_order import TaskMount as TaskMount
    from cicd.ports.task_order import TaskSetOrder as TaskSetOrder
    from cicd.ports.task_order import Ulimit as Ulimit
    from cicd.ports.task_sets import HookFunctions as HookFunctions
    from cicd.ports.task_sets import TaskSets as TaskSets
    from cicd.ports.task_sets import TaskState as TaskState
    from cicd.ports.traffic import Answered as Answered
    from cicd.ports.traffic import Endpoint as Endpoint
    from cicd.ports.traffic import HealthCheck as HealthCheck
    from cicd.ports.traffic import RouterSpec as RouterSpec
    from cicd.ports.traffic import RouteSpec as RouteSpec
    from cicd.ports.traffic import TrafficRouter as TrafficRouter
    from cicd.ports.watcher import Probe as Probe
    from cicd.ports.watcher import Reading as Reading
    from cicd.ports.watcher import Watcher as Watcher

SEAMS = {
    "cancel": ("CancelToken",),
    "environment": ("MountMode", "Mount", "Environment"),
    "runner": ("Exit", "FileEntry", "Session", "Runner"),
    "instance": (
        "TargetKind",
        "TargetSpec",
        "TaggedInstance",
        "HookRun",
        "HookFailure",
        "HookExit",
        "InstanceTarget",
    ),
    "task_order": (
        "ContainerDependency",
        "ContainerHealth",
        "ContainerOrder",
        "DependencyCondition",
        "KernelOptions",
        "NetworkOptions",
        "TaskMount",
        "TaskSetOrder",
        "Ulimit",
    ),
    "task_sets": ("TaskState", "TaskSets", "HookFunctions"),
    "machines": ("MachineOrder", "Machines"),
    "traffic": ("Answered", "Endpoint", "HealthCheck", "RouteSpec", "RouterSpec", "TrafficRouter"),
    "watcher": ("Probe", "Reading", "Watcher"),
    "source": ("Revision", "Source"),
    "artifacts": ("ArtifactFile", "Artifact", "ArtifactStore", "KeptArtifact"),
    "objects": ("Bucket", "LocalImage", "ObjectEntry"),
    "functions": ("FunctionCall", "FunctionAnswer", "FunctionHost"),
    "http": ("HttpCall", "HttpAnswer", "HttpClient"),
    "caches": ("CacheEntry", "CacheStore"),
    "secrets": ("SecretSource", "ParameterStore"),
    "events": ("EventLog",),
    "executions": ("ExecutionRecord", "ExecutionIndex"),
    "logs": ("LogLine", "LogBlock", "LogStore"),
    "clock": ("Inbox", "Clock"),
    "reporter": ("Level", "Described", "Reporter"),
    "services": ("Services",),
}
_HOME = {name: seam for seam, names in SEAMS.items() for name in names}

if not TYPE_CHECKING:  # a checker shall know which names there are

    def __getattr__(name: str) -> object:
        """Load the file of a name when it is first asked for."""
        if name not in _HOME:
            raise AttributeError(f"module '{__name__}' has no '{name}'")
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
