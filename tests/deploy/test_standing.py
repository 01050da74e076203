import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from cicd.backends.target_directory import DirectoryTarget
from cicd.deploy.agent import record
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.installing import install
from cicd.deploy.agent.instance import InstanceDisk, Layout
from cicd.deploy.agent.own_files import OwnFiles
from cicd.deploy.agent.packing import pack_directory
from cicd.deploy.agent.stamps import write_stamps
from cicd.deploy.agent.unpack import unpack
from cicd.deploy.plan import BundleType
from cicd.deploy.revision import read_as_agent
from cicd.deploy.spec import FileExistsBehavior
from cicd.ports import TargetSpec

APPSPEC = "version: 0.0\nos: linux\nfiles: [{source: app, destination: /srv/app}]\n"
NAMES = ("a", "b", "d/a", "d/b", "d/e/a", "f/a")


class Host:
    """An instance; what it does not remember, it copies again: that is how it must look."""

    def __init__(self, root, *, remembers=True):
        self.root = root
        self.remembers = remembers
        self.target = DirectoryTarget(TargetSpec(id="a", location=str(root)), isolated=False)
        self.target.check()
        self.deployed = 0

    def unpack(self, revision):
        self.deployed += 1
        layout = self.layout
        shutil.rmtree(layout.deployment, ignore_errors=True)
        layout.deployment.mkdir(parents=True)
        layout.install_json.parent.mkdir(exist_ok=True)
        layout.bundle.unlink(missing_ok=True)
        pack_directory(revision, layout.bundle)
        disk = InstanceDisk(self.target)
        stamps = unpack(layout.bundle, BundleType.DIRECTORY, layout.archive, disk)
        write_stamps(OwnFiles(self.target, disk), layout.unpacked, stamps)

    def install(self, behavior=FileExistsBehavior.DISALLOW, *, full=False):
        layout = self.layout
        if not self.remembers:
            layout.installed.unlink(missing_ok=True)
        disk = InstanceDisk(self.target)
        install(
            read_as_agent(layout.archive / "appspec.yml", "appspec.yml"),
            behavior,
            layout=layout,
            disk=disk,
            files=OwnFiles(self.target, disk),
            notice=print,
            is_full=lambda: full,
        )

    def deploy(self, revision, **how):
        self.unpack(revision)
        time.sleep(0.005)  # what changes at the very moment it is stamped is not trusted
        self.install(**how)
        time.sleep(0.005)

    @property
    def layout(self):
        root = self.target.agent_root
        return Layout(root=root, group_id="g", deployment_id=f"d-{self.deployed}")

    def at(self, path):
        return self.root / "srv/app" / path

    def looks(self):
        """Everything about the instance but the moments of its archives, and what is ours."""
        seen = {}
        archive = self.layout.archive
        for place in sorted(self.root.rglob("*")):
            if self.layout.aside in (place, place.parent):
                continue
            status = place.lstat()
            kind = [status.st_mode, status.st_uid, status.st_gid]
            if place.is_symlink():
                kind += [place.readlink()]
            elif place.is_file():
                kind += [place.read_bytes(), status.st_nlink]
                name = str(place.relative_to(self.root)).removeprefix("srv/app/")
                source = archive / "app" / name
                if source.exists():
                    kind += [status.st_mtime_ns == source.stat().st_mtime_ns]
            seen[str(place.relative_to(self.root))] = kind
        return seen


def revision(place, files, appspec=APPSPEC):
    (place / "app").mkdir(parents=True)
    (place / "appspec.yml").write_text(appspec)
    for name, content in files.items():
        path = place / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return place


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def test_a_file_that_nobody_touched_stays_and_is_what_a_copy_would_be(host, tmp_path):
    made = revision(tmp_path / "v1", {"a": "same", "d/b": "same too"})
    host.deploy(made)
    before = {name: host.at(name).stat().st_ino for name in ("a", "d/b")}
    (made / "app/a").chmod(0o600)
    host.deploy(made)
    assert before == {name: host.at(name).stat().st_ino for name in before}
    assert 0o600 == host.at("a").stat().st_mode & 0o777
    source = host.layout.archive / "app/a"
    assert source.stat().st_mtime_ns == host.at("a").stat().st_mtime_ns


def test_of_a_new_revision_only_what_is_new_is_copied(host, tmp_path):
    host.deploy(revision(tmp_path / "v1", {"a": "same", "b": "old", "gone": ""}))
    stays, goes = (host.at(name).stat().st_ino for name in "ab")
    os.link(host.at("b"), tmp_path / "b")
    host.deploy(revision(tmp_path / "v2", {"a": "same", "b": "new"}))
    assert stays == host.at("a").stat().st_ino
    assert goes != host.at("b").stat().st_ino
    assert ("new", "old") == (host.at("b").read_text(), (tmp_path / "b").read_text())
    assert not host.at("gone").exists()


def test_what_a_script_did_to_the_archive_is_installed(host, tmp_path):
    made = revision(tmp_path / "v1", {"a": "same"})
    host.deploy(made)
    host.unpack(made)
    place = host.layout.archive / "app/a"
    status = place.stat()
    place.write_text("eman")  # as long, and of the same age
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    host.install()
    assert "eman" == host.at("a").read_text()


def test_a_process_that_has_a_file_open_does_not_write_to_the_next_ones(host, tmp_path):
    made = revision(tmp_path / "v1", {"a": "same"})
    host.deploy(made)
    with host.at("a").open("a") as file:
        host.deploy(made)
        file.write(" not")
    assert "same" == host.at("a").read_text()


# ── Whatever happens in between, all looks as if it had been removed and copied ──────────────


def edit(place, rng):
    place.write_text(rng.choice(("longer than it was", "x")))


def forge(place, rng):
    status = place.stat()
    place.write_bytes(bytes(reversed(place.read_bytes())))
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def change_mode(place, rng):
    place.chmod(rng.choice((0o600, 0o755, 0o4755)))


def change_mode_above(place, rng):
    place.parent.chmod(rng.choice((0o700, 0o777, 0o2755)))


def give_away(place, rng):
    if os.geteuid() == 0:
        os.chown(place if rng.random() < 0.5 else place.parent, 1, 1)


def join(place, rng):
    os.link(place, place.with_name(f"{place.name}-too"))


def lose(place, rng):
    place.unlink()


def turn_into_a_directory(place, rng):
    place.unlink()
    place.mkdir()
    if rng.random() < 0.5:
        (place / "mine").write_text("mine")


def turn_into_a_link(place, rng):
    place.rename(place.with_name(f"{place.name}-moved"))
    place.symlink_to(f"{place.name}-moved")


def add(place, rng):
    place.with_name("mine").write_text("mine")


def move_the_directory(place, rng):
    aside = place.parent.with_name(f"{place.parent.name}-moved")
    if not aside.exists():
        place.parent.rename(aside)
        place.parent.symlink_to(aside.name)


TAMPERING = (
    *(edit, forge, change_mode, change_mode_above, give_away, join, lose, add),
    *(turn_into_a_directory, turn_into_a_link, move_the_directory),
)
APPSPECS = (
    APPSPEC,
    APPSPEC + "permissions: [{object: /srv/app, mode: 640, type: [file]}]\n",
    APPSPEC + "permissions: [{object: /srv/app, mode: 750}]\n",
    APPSPEC + "permissions: [{object: /srv/app, owner: daemon, mode: '4755', type: [file]}]\n",
    # The second entry fails: what comes before it is installed.
    APPSPEC.replace("}]", "}, {source: none, destination: /srv/none}]"),
    APPSPEC.replace("[{", "[{source: none, destination: /srv/none}, {"),
    # Nothing is copied at all.
    APPSPEC.replace("}]", "}, {source: app, destination: /srv/app}]"),
)


@pytest.mark.parametrize("seed", range(14))
def test_an_instance_that_remembers_looks_like_one_that_does_not(tmp_path, seed):
    rng = random.Random(seed)
    contents = {
        n: {name: rng.choice("xy") * rng.choice((1, 1, 3)) for name in rng.sample(NAMES, 4)}
        for n in range(3)
    }
    contents[1] |= {name: contents[0][name] for name in rng.sample(sorted(contents[0]), 3)}
    appspecs = [rng.choice(APPSPECS[: 4 if os.geteuid() == 0 else 3])]
    appspecs += [rng.choice(APPSPECS if os.geteuid() == 0 else (*APPSPECS[:3], *APPSPECS[4:]))]
    appspecs += [APPSPEC]
    made = [revision(tmp_path / f"v{n}", contents[n], appspecs[n]) for n in range(3)]
    steps = [(rng.choice(TAMPERING), rng.choice(sorted(contents[0]))) for _ in range(2)]
    behavior = rng.choice(tuple(FileExistsBehavior))
    full = rng.random() < 0.1
    seen = []
    for remembers in (True, False):
        host = Host(tmp_path / f"{remembers}", remembers=remembers)
        host.deploy(made[0])
        before = rng.getstate()
        for tamper, name in steps:
            if host.at(name).is_file() and not host.at(name).is_symlink():
                tamper(host.at(name), rng)
        rng.setstate(before)
        for n, fills in ((1, full), (2, False), (2, False)):
            try:
                host.deploy(made[n], behavior=behavior, full=fills)
            except AgentFault as fault:
                seen.append((remembers, n, fault.message))
            seen.append((remembers, n, host.looks()))
    half = len(seen) // 2
    assert [each[1:] for each in seen[:half]] == [each[1:] for each in seen[half:]]


# ── And whenever it is killed ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", range(0, 30, 3))
def test_an_install_that_was_killed_is_repeated_as_if_nothing_had_been(tmp_path, step):
    first = revision(tmp_path / "v1", dict.fromkeys(NAMES, "same") | {"old": ""})
    second = revision(tmp_path / "v2", dict.fromkeys(NAMES[1:], "same") | {"new": ""})
    hosts = [Host(tmp_path / name) for name in ("killed", "unbroken")]
    for host in hosts:
        host.deploy(first)
        host.unpack(second)
        time.sleep(0.005)
    killed = os.fork()
    if killed == 0:
        _die_at(step)
        hosts[0].install()
        os._exit(0)
    os.waitpid(killed, 0)
    for host in hosts:
        host.install()
    assert hosts[1].looks() == hosts[0].looks()
    assert {"new", *(name.split("/")[0] for name in NAMES[1:])} == {
        place.name for place in hosts[0].at("").iterdir()
    }


def _die_at(step):
    """Have this process be killed before the given one of the steps that change the disk."""
    left = step

    def counted(function):
        def count(*args, **kwargs):
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return function(*args, **kwargs)

        return count

    for owner, name in (
        *((os, each) for each in ("open", "utime", "chmod", "chown", "unlink", "rmdir")),
        *((Path, each) for each in ("mkdir", "unlink", "rmdir", "replace", "write_text")),
        (record.CleanupRecord, "note_all"),
    ):
        setattr(owner, name, counted(getattr(owner, name)))
