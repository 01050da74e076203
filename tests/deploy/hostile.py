"""Revisions and instances that mean harm, or are in a bad way: the same for each sort of instance.

Subclass ``HostileDeployments``, and give the fixture ``spec``, an instance that was never used.
"""

import io
import tarfile
from pathlib import Path

import pytest

from cicd.backends import TARGETS
from cicd.deploy.run import run_deployment
from tests.deploy.world import World, events

APPSPEC = "version: 0.0\nos: linux\nfiles: [{source: app, destination: /srv/app}]\n"
NAME = "cicd-escaped"


def entry(name, content=b"", **attributes):
    made = tarfile.TarInfo(name)
    made.size = len(content)
    for key, value in attributes.items():
        setattr(made, key, value)
    return made, io.BytesIO(content)


ARCHIVES = {
    "dots": [entry("../" * 12 + NAME, b"x")],
    "dots inside": [entry("app/" + "../" * 12 + NAME, b"x")],
    "absolute": [entry(f"/{NAME}", b"x")],
    "through a link": [
        entry("out", type=tarfile.SYMTYPE, linkname="/"),
        entry(f"out/{NAME}", b"x"),
    ],
    "hard link out": [entry("passwd", type=tarfile.LNKTYPE, linkname="/etc/passwd")],
    "device": [entry("disk", type=tarfile.BLKTYPE, devmajor=8, devminor=0)],
    "pipe": [entry("pipe", type=tarfile.FIFOTYPE)],
}


class HostileDeployments:
    @pytest.fixture
    def world(self, tmp_path, spec):
        class OneOf(World):
            def spec(self, _name):
                return spec

        return OneOf(tmp_path / "world", ids=(spec.id,), config="AllAtOnce")

    @pytest.fixture
    def target(self, world, spec):
        target = TARGETS.get(spec.kind)(spec)
        target.check()
        world.services = type(world.services)(
            **{
                **{name: getattr(world.services, name) for name in vars(world.services)},
                "target": lambda spec: TARGETS.get(spec.kind)(spec),
            }
        )
        return target

    def deploy(self, world, revision):
        return run_deployment(world.request(revision), world.services)

    def archive(self, tmp_path, entries):
        path = tmp_path / "revision.tar"
        with tarfile.open(path, "w") as file:
            for info, content in (
                entry("appspec.yml", APPSPEC.encode()),
                entry("app/index.html", b"app"),
                *entries,
            ):
                content.seek(0)
                file.addfile(info, content)
        return path

    @pytest.mark.parametrize("kind", sorted(ARCHIVES))
    def test_an_archive_that_would_leave_its_place_fails_and_writes_nothing_elsewhere(
        self, world, target, spec, tmp_path, kind
    ):
        result = self.deploy(world, self.archive(tmp_path, ARCHIVES[kind]))
        assert result.status == "Failed"
        assert events(result, spec.id)["DownloadBundle"] == "Failed"
        assert not Path("/", NAME).exists()
        assert not target.path(f"/{NAME}").exists()
        assert not target.path("/srv/app").exists()

    def test_of_two_entries_of_one_name_the_last_wins_as_with_tar(self, world, target, tmp_path):
        twice = [entry("app/index.html", b"second")]
        assert self.deploy(world, self.archive(tmp_path, twice)).status == "Succeeded"
        assert target.path("/srv/app/index.html").read_bytes() == b"second"

    def test_a_destination_that_is_a_file_fails_install_and_stays_as_it_is(
        self, world, target, spec, tmp_path
    ):
        place = target.path("/srv/app")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("somebody's")
        result = self.deploy(world, self.archive(tmp_path, []))
        assert events(result, spec.id)["Install"] == "Failed"
        assert "Not a directory" in str(result.failure)
        assert place.read_text() == "somebody's"

    def test_a_destination_that_is_a_link_out_stays_on_the_instance(self, world, target, tmp_path):
        place = target.path("/srv/app")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("../" * 40 + f"var/{NAME}")
        target.path(f"/var/{NAME}").mkdir(parents=True, exist_ok=True)
        assert self.deploy(world, self.archive(tmp_path, [])).status == "Succeeded"
        assert target.path(f"/var/{NAME}/index.html").read_text() == "app"

    def test_a_hook_that_forks_hangs_and_ignores_its_end_is_killed_with_its_deployment(
        self, world, target, spec
    ):
        from cicd.ports import CancelToken

        script = "#!/bin/sh\ntrap '' TERM\n(while :; do sleep 0.05; done) &\necho up\nwait\n"
        revision = world.revision(
            "v1", "hooks: {AfterInstall: [{location: hang.sh}]}\n", {"hang.sh": script}
        )
        cancel = CancelToken()

        class Impatient:
            def event(self, *_):
                pass

            def line(self, _stream, line):
                if line.text == "[stdout]up":
                    cancel.cancel("STOPPED")
                    cancel.cancel("KILLED")

            block = event

        world.listen(Impatient())
        result = run_deployment(world.request(revision), world.services, cancel=cancel)
        assert events(result, spec.id)["AfterInstall"] in ("Failed", "InProgress")
        assert result.status != "Succeeded"
