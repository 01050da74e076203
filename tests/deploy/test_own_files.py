"""The agent's own files, while a process that a script left behind works against it."""

import gc
import os
import resource
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.world import GROUP_ID, SH, World, hooks

APPSPEC = "files: [{source: app, destination: /srv/app}]\n" + hooks(AfterInstall="after.sh")
FILES = {"app/a": "a", "app/d/b": "b", "after.sh": SH + "echo one\necho two\n"}
TOUCHED = {
    *("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"),
    *("os.chmod", "os.chown", "os.utime", "os.scandir", "shutil.rmtree", "shutil.copyfile"),
}
MOMENTS = 7  # at which a directory is swapped, from start to end
_told = []


def _tell(event, _):
    if event in TOUCHED and _told:
        _told[-1]()


@contextmanager
def told(call):
    """Call before each thing that this process does to a disk."""
    if not _told:
        sys.addaudithook(_tell)
    _told.append(call)
    try:
        yield
    finally:
        _told.append(lambda: None)


class Swap:
    """Puts a link to a copy in the place of a directory, before the n-th thing that is done."""

    def __init__(self, find, copy, moment):
        self.find, self.copy, self.moment = find, copy, moment
        self.count = 0
        self.before = None

    def __call__(self):
        self.count += 1
        if not 0 < self.moment <= self.count:
            return
        moment, self.moment = self.moment, 0  # what is done here counts, too
        for place in self.find():
            shutil.copytree(place, self.copy, symlinks=True)
            self.before = content(self.copy)
            place.rename(place.with_name("aside"))
            place.symlink_to(self.copy)
            return
        self.moment = moment


def content(tree):
    return {
        place.relative_to(tree).as_posix(): (
            place.lstat().st_mode,
            place.read_bytes() if place.is_file() else b"",
        )
        for place in (tree, *tree.rglob("*"))
    }


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        *(
            ".",
            GROUP_ID,
            "NEW",
            "NEW/logs",
            "NEW/deployment-archive",
            "NEW/deployment-archive/app",
        ),
        *("deployment-instructions", "ongoing-deployment", "deployment-logs", "../cicd"),
    ],
)
def test_a_directory_that_is_swapped_for_a_link_meanwhile_leads_nothing_outside(
    tmp_path, name, restart
):
    moments, swapped = [0], 0  # at first no swap, to know how much is done
    for moment in moments:
        world = World(tmp_path / str(moment), isolated=False)
        revision = world.revision("v1", APPSPEC, FILES)
        first = world.deploy(revision).deployment_id
        second = world.revision("v2", APPSPEC, FILES | {"app/n": "n"})

        def find(world=world, first=first):
            group = world.agent(GROUP_ID)
            new = [each.name for each in group.iterdir() if each.name != first]
            places = [world.agent(name.replace("NEW", f"{GROUP_ID}/{each}")) for each in new]
            return [each.resolve() for each in places if each.is_dir()]

        swap = Swap(find, tmp_path / f"outside-{moment}", moment)
        with told(swap):
            world.deploy(revision if restart else second, restart=restart)
        if not moment:
            step = swap.count / MOMENTS
            moments += [round(step * (n + 0.5)) for n in range(MOMENTS)]
        elif swap.before is not None:
            swapped += 1
            assert swap.before == content(swap.copy), moment
    assert swapped > 1


@pytest.mark.parametrize("status", [0, 1])
def test_no_directory_stays_open_behind_a_deployment(tmp_path, status):
    world = World(tmp_path)
    revision = world.revision("v1", APPSPEC, {**FILES, "after.sh": f"{SH}exit {status}\n"})
    world.deploy(revision)
    gc.collect()
    gc.disable()  # what hangs on to itself would else be let go some time
    try:
        before = len(list(Path("/dev/fd").iterdir()))
        for _ in range(3):
            world.deploy(revision)
        assert len(list(Path("/dev/fd").iterdir())) <= before + 1
    finally:
        gc.enable()


def test_what_scripts_print_is_kept_however_many_files_are_open(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    world = World(tmp_path)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        result = world.deploy(world.revision("v1", APPSPEC, FILES))
    finally:
        for number in opened:
            os.close(number)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert ("Succeeded", True) == (result.status, "[stdout]two" in world.script_log(result))
