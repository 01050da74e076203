"""What an invocation of a warm function costs over its handler: a row of ``tools/bench.py``."""

from __future__ import annotations

import json
import sys
import time
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING

from bench_measure import goal

from cicd.functions.code import read_code
from cicd.functions.function import FunctionConfiguration
from cicd.functions.run import Functions
from cicd.settings import Settings
from cicd.wiring import make_services
from cicd.wiring.functions import serve

if TYPE_CHECKING:
    from pathlib import Path

INVOCATIONS = 300
HANDLER = """
import time

def handler(event, context):
    began = time.perf_counter()
    sum(range(1000))
    return time.perf_counter() - began
"""


def warm_function(directory: Path, _runs: int) -> bool:
    """Invocations of a warm Python handler, as a call and over HTTP, less what it takes itself."""
    code = directory / "function"
    code.mkdir()
    (code / "app.py").write_text(HANDLER, encoding="utf-8")
    with make_services(Settings(home=directory / "home"), reporters=()) as services:
        functions = Functions(services)
        runtime = f"python{sys.version_info.major}.{sys.version_info.minor}"
        held = FunctionConfiguration(runtime=runtime, handler="app.handler")
        functions.create("bench", held, read_code(code, services.artifacts))
        connection = HTTPConnection(serve(services, 0).url.removeprefix("http://"))

        def call() -> bytes:
            return functions.invoke(functions.prepare("bench")).answer.payload

        def over_http() -> bytes:
            connection.request("POST", "/2015-03-31/functions/bench/invocations", b"{}")
            return connection.getresponse().read()

        print(f"\nA warm function, over its handler ({INVOCATIONS} invocations)")
        met = []
        for title, invoke in (("as a call", call), ("over HTTP", over_http)):
            over = []
            for _ in range(INVOCATIONS + 1):
                began = time.perf_counter()
                own = json.loads(invoke())
                over.append(time.perf_counter() - began - own)
            middle = median(over[1:])  # the first one may start it
            print(f"  {title:<32}{middle * 1000:>6.2f} ms")
            met.append(goal("within 5 ms", middle, 0.005))
        connection.close()
    return all(met)
