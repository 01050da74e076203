"""Services for builds: real adapters where they are cheap, in a home of the test's own."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from cicd.build.project import default_project
from cicd.build.request import BuildRequest
from cicd.build.run import run_build
from cicd.settings import Settings
from cicd.testing.fakes import RecordingReporter
from cicd.wiring import make_services


@pytest.fixture
def reporter():
    return RecordingReporter()


@pytest.fixture
def services(tmp_path, reporter):
    home = tmp_path / "home" / ".cicd"
    with make_services(Settings(home=home), reporters=(reporter,)) as made:
        yield made


@pytest.fixture
def source(tmp_path):
    directory = tmp_path / "app"
    directory.mkdir()
    return directory


@pytest.fixture
def runner():
    """Name the runner of ``build``; a file of tests may ask for others, too."""
    return "host"


@pytest.fixture
def build(services, source, runner, request):
    """Write a buildspec and run it, in a view of ``source``."""
    image = request.getfixturevalue("docker_image") if runner == "docker" else None

    def run(text: str, **changes):
        (source / "buildspec.yml").write_text(text)
        asked = BuildRequest(
            source=source,
            project=default_project("app"),
            runner=runner,
            image=image,
            initiator="tester",
        )
        used = changes.pop("services", services)
        result = run_build(replace(asked, **changes), used)
        log = [line for _, line in used.logs.read(result.stream)]
        return SimpleNamespace(
            result=result,
            status=result.status,
            phases={
                p["phaseType"]: p.get("phaseStatus")
                for p in result.build["phases"]
                if p["phaseType"] not in {"SUBMITTED", "QUEUED", "PROVISIONING"}
            },
            output=[li.text for li in log if li.origin.split("/")[0] in COMMANDS],
            words=[
                li.text.split(" ", 3)[-1] if li.text.startswith("[Container]") else li.text
                for li in log
                if li.origin.split("/")[0] not in COMMANDS
            ],
        )

    return run


COMMANDS = {"INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"}
