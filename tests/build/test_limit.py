"""`concurrentBuildLimit`: at the limit no build is created."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from cicd.build.limit import check_limit
from cicd.build.project import default_project
from cicd.errors import Unavailable


def test_a_project_at_its_limit_starts_no_build(build, services):
    project = replace(default_project("app"), concurrent_build_limit=1)
    running = services.executions.submit(
        "build/app:0",
        kind="build",
        name="app",
        status="IN_PROGRESS",
        parent=None,
        at=services.clock.now(),
    )
    text = "version: 0.2\nphases: {build: {commands: [a=b]}}\n"
    with services.executions.drive(running.stream):
        with pytest.raises(Unavailable, match="1 of project 'app' is running") as refused:
            build(text, project=project)
        assert "app:0" in refused.value.hint
        assert [running.stream] == [r.stream for r in services.executions.list()]
        assert "SUCCEEDED" == build(text, project=default_project("app")).status
    # Nobody drives it any more, so it does not run, whatever the index says.
    assert "SUCCEEDED" == build(text, project=project).status


def test_of_builds_that_start_at_one_moment_only_as_many_pass_as_the_limit_says(services):
    project = replace(default_project("app"), concurrent_build_limit=2)

    def passes(uuid):
        try:
            check_limit(project, uuid, services)
        except Unavailable:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert 2 == sum(pool.map(passes, map(str, range(8))))
