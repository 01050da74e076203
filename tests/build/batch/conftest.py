"""The fixtures of builds serve batches of them."""

from types import SimpleNamespace

import pytest

from cicd.build.batch.run import check_batch, run_batch
from cicd.build.project import Project, ProjectArtifacts
from cicd.build.request import BuildRequest
from tests.build.conftest import reporter, services, source

__all__ = ["reporter", "services", "source"]


@pytest.fixture
def run(services, source):
    """Write a buildspec and run its batch on this machine."""

    def of(text, **changes):
        (source / "buildspec.yml").write_text(text)
        project = changes.pop(
            "project", Project(name="app", artifacts=ProjectArtifacts(type="S3"))
        )
        used = changes.pop("services", services)
        request = BuildRequest(
            source=source, project=project, runner="host", initiator="tester", **changes
        )
        plan, _ = check_batch(request, used)
        result = run_batch(plan, used)
        return SimpleNamespace(
            result=result,
            status=result.status,
            builds={node.identifier: node.status for node in result.nodes},
            said={node.identifier: output(used, node.stream) for node in result.nodes},
            groups={group["identifier"]: group for group in result.batch["buildGroups"]},
        )

    return of


def output(services, stream):
    """What the commands of a build have written."""
    return [
        line.text
        for _, line in services.logs.read(stream)
        if line.origin.startswith(("INSTALL/", "BUILD/"))
    ]
