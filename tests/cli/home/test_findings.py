import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cicd.cli.home import findings
from cicd.wiring.kept import stores
from tests.unprivileged import unprivileged


def test_moments_of_a_run_with_speed_are_no_fault_of_the_clock(tmp_path):
    ahead = datetime.now(UTC) + timedelta(hours=5)
    with (
        stores(tmp_path) as opened,
        opened.executions.submission(
            "deployment/d-A",
            kind="deployment",
            name="web",
            status="Created",
            parent=None,
            at=ahead,
        ),
    ):
        pass
    found = findings.clock(tmp_path)
    assert found.ok, found


def test_a_home_that_was_written_to_later_than_now_says_that_the_clock_went_back(tmp_path):
    (tmp_path / "audit.jsonl").touch()
    os.utime(tmp_path / "audit.jsonl", times=(time.time() + 3600,) * 2)
    found = findings.clock(tmp_path)
    assert (False, "which is still to come" in found.text) == (found.ok, True)
    assert "timedatectl" in found.hint


def test_a_home_that_cannot_be_written_to_is_no_home_to_build_with():
    with unprivileged():
        found = findings.disk(Path("/usr/cicd-none/.cicd"))
    assert (False, "/usr/cicd-none/.cicd cannot be written to") == (found.ok, found.text)
    assert "--home" in found.hint
