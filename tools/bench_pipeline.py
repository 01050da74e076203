"""
One execution of many actions, and what it cost: what ``tools/bench_actions.py`` measures.

    python tools/bench_pipeline.py host|memory ACTIONS JOBS

runs one execution of so many actions, fifty a stage: ``host`` runs ``true`` in each and keeps the
log as ever, ``memory`` has nothing to run and keeps everything in memory.
Prints milliseconds an action, and the most memory in MiB.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.compile import Start, compile_plan
from cicd.pipeline.result import ActionResult, ActionStatus
from cicd.pipeline.run import start_execution
from cicd.pipeline.spec import read_declaration
from cicd.settings import load_settings
from cicd.testing.fakes import MemoryEventLog, MemoryExecutionIndex, MemoryLogStore
from cicd.wiring import make_services

if TYPE_CHECKING:
    from cicd.engine.process import Scope
    from cicd.pipeline.actions.provider import ActionRequest
    from cicd.pipeline.plan import PipelinePlan
    from cicd.ports import Services

SUCCEEDED = ActionResult(status=ActionStatus.SUCCEEDED)
STAGE = 50  # actions
ENVIRON = dict(os.environb)  # as bytes, which is what a child is given
TRUE = shutil.which("true") or "true"
TYPE = {"category": "Build", "owner": "AWS", "provider": "CodeBuild", "version": "1"}


class Nothing:
    """An action with nothing to do."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Succeed."""
        del request, services, scope
        return SUCCEEDED

    recover = run


class HostTrue(Nothing):
    """An action that runs ``true`` on this machine."""

    def run(self, request: ActionRequest, services: Services, scope: Scope) -> ActionResult:
        """Run it."""
        del request, services, scope
        child = os.posix_spawn(TRUE, ["true"], ENVIRON)
        _, status = os.waitpid(child, 0)
        return SUCCEEDED if status == 0 else replace(SUCCEEDED, status=ActionStatus.FAILED)


def pipeline_of(actions: int, services: Services) -> PipelinePlan:
    """Plan a pipeline in stages of fifty actions, which run side by side."""
    stages = [
        {
            "name": f"S{begin}",
            "actions": [
                {"name": str(number), "actionTypeId": TYPE}
                for number in range(begin, min(begin + STAGE, actions))
            ],
        }
        for begin in range(0, actions, STAGE)
    ]
    text = json.dumps({"name": "big", "stages": stages}, separators=(",", ":"))
    spec = read_declaration(load_text(text, "pipeline.json", json=True), Problems())
    return compile_plan(spec, Start(), root=Path.cwd(), new_id=services.new_id)


def main() -> None:
    """Run one execution and print what it cost."""
    kind, actions, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    provider = HostTrue() if kind == "host" else Nothing()
    ACTIONS._loaded["Build/AWS/CodeBuild"] = provider  # noqa: SLF001  # in place of builds
    home = Path(tempfile.mkdtemp())
    settings = load_settings({"home": str(home), "jobs": jobs}, {}, home)
    try:
        with make_services(settings, reporters=()) as real:
            services = replace(real, runner=lambda _: SimpleNamespace(check=lambda: None))
            if kind == "memory":
                services = replace(
                    services,
                    log=MemoryEventLog(),
                    executions=MemoryExecutionIndex(),
                    logs=MemoryLogStore(),
                )
            plan = pipeline_of(actions, services)
            begin = time.perf_counter()
            result = start_execution(plan, services)
            took = time.perf_counter() - begin
    finally:
        shutil.rmtree(home)
    if result.status != "Succeeded":
        sys.exit(f"the execution is {result.status}")
    print(f"{took / actions * 1000:.4f} {most_memory():.0f}")


def most_memory() -> float:
    """Give the most memory that was ever ours, in MiB; ``getrusage`` counts our parent's, too."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (each for each in status.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
