"""A home of its own, and functions in it that really run."""

from contextlib import contextmanager
from pathlib import Path

from cicd.functions.code import read_code
from cicd.functions.function import FunctionConfiguration
from cicd.functions.run import Functions
from cicd.settings import Settings
from cicd.wiring import make_services

PYTHON = f"python3.{__import__('sys').version_info.minor}"


@contextmanager
def home(directory: Path, *, speed: float = 1, reporters=()):
    with make_services(
        Settings(home=directory / ".cicd"), reporters=reporters, speed=speed
    ) as services:
        yield services


def create(services, name, source, *, handler="app.handler", runtime=PYTHON, **more):
    """Make a function of one file of code, and give the functions of its home."""
    functions = Functions(services)
    code = write(services, name, source, runtime)
    held = FunctionConfiguration(runtime=runtime, handler=handler, **more)
    functions.create(name, held, code)
    return functions


def write(services, name, source, runtime=PYTHON):
    tree = services.home.parent / f"{name}-code"
    tree.mkdir(exist_ok=True)
    (tree / ("app.py" if runtime.startswith("python") else "app.mjs")).write_text(source)
    return read_code(tree, services.artifacts)


def invoke(functions, name, payload=b"", qualifier=""):
    return functions.invoke(functions.prepare(name, qualifier=qualifier, payload=payload))
