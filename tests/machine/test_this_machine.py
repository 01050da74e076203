"""This machine itself as an instance: in a root of its own, so that nothing of it is touched."""

import sys
from pathlib import Path

import pytest

from tests.machine import private_root

REPOSITORY = Path(__file__).parents[2]
APPSPEC = """version: 0.0
os: linux
files: [{source: app, destination: /srv/cicd-here}]
hooks:
  ApplicationStart: [{location: start.sh}]
"""


@pytest.fixture
def revision(tmp_path):
    place = tmp_path / "revision"
    place.mkdir()
    (place / "app").write_text("hello\n")
    (place / "appspec.yml").write_text(APPSPEC)
    (place / "start.sh").write_text(
        "#!/bin/sh\ncat /srv/cicd-here/app; echo \"root is '${CICD_INSTANCE_ROOT-unset}'\"\n"
    )
    return place


def inside(tmp_path, script):
    """Run a script in a private root, with ``cicd`` before it."""
    deploy = f'cicd() {{ "{sys.executable}" -m cicd "$@" --home "{tmp_path}/home"; }}\n'
    return private_root.run(tmp_path / "top", "sh", "-c", deploy + script, directory=REPOSITORY)


if private_root.works():

    def test_a_deployment_to_this_machine_lands_below_its_root(tmp_path, revision):
        done = inside(
            tmp_path,
            f"cicd deploy {revision} --instance here --yes || exit\n"
            "cat /srv/cicd-here/app\n"
            "ls /opt/codedeploy-agent/deployment-root/deployment-instructions | wc -l\n"
            f"sed -i s/hello/again/ {revision}/app\n"
            f"cicd deploy {revision} --instance here --yes || exit\n"
            "cat /srv/cicd-here/app\n",
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "[stdout]root is ''" in done.stdout
        assert "\nhello\n4\n" in done.stdout
        assert done.stdout.endswith("\nagain\n")
        assert not Path("/srv/cicd-here").exists()

    def test_a_machine_that_cannot_be_written_to_is_refused_before_anything_runs(
        tmp_path, revision
    ):
        done = inside(
            tmp_path,
            "mount -t tmpfs -o ro none /opt\n"
            f"cicd deploy {revision} --instance here --yes; echo status $?\n"
            "test ! -e /srv/cicd-here\n"
            "cicd deploy list\n",
        )
        assert done.returncode == 0, done.stderr
        assert "status 4" in done.stdout
        assert "d-" not in done.stdout
        assert "instance 'here' cannot be used: Read-only file system" in done.stderr

    def test_a_disk_that_fills_up_fails_install_and_the_next_deployment_cleans_up(
        tmp_path, revision
    ):
        done = inside(
            tmp_path,
            "mkdir /small && mount -t tmpfs -o size=64k none /small && mount --bind /small /srv\n"
            f"head -c 500000 /dev/zero > {revision}/app\n"
            f"cicd deploy {revision} --instance here --yes; echo status $?\n"
            f"echo small > {revision}/app\n"
            f"cicd deploy {revision} --instance here --yes && cat /srv/cicd-here/app\n",
        )
        assert "No space left on device - /srv/cicd-here/app" in done.stdout
        assert "status 1" in done.stdout
        assert done.stdout.endswith("\nsmall\n"), done.stdout + done.stderr

    def test_this_machine_keeps_every_promise_of_an_instance(tmp_path):
        done = private_root.run(
            tmp_path / "top",
            sys.executable,
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            str(REPOSITORY / "tests/machine/promises.py"),
            directory=REPOSITORY,
        )
        assert done.returncode == 0, done.stdout
        assert " passed" in done.stdout
        assert "skipped" not in done.stdout
