import io
import os
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.deploy.agent import bundle
from cicd.deploy.agent.fault import AgentFault
from cicd.deploy.agent.held import Held
from cicd.deploy.agent.packing import pack_directory
from cicd.deploy.agent.unpack import unpack as unpack_below
from cicd.deploy.plan import BundleType
from cicd.engine import archive as bounds
from cicd.errors import UsageError
from tests.deploy.world import events, message


def unpack(path, kind, into):
    return unpack_below(path, kind, into, Held(into.parent))


APPSPEC = "version: 0.0\nos: linux\nfiles:\n  - {source: a.txt, destination: /srv}\n"
CONTENT = {"appspec.yml": APPSPEC, "a.txt": "a"}


def zipped(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


def tarred(path, content, mode="w", owner=None):
    with tarfile.open(path, mode) as archive:
        for name, text in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            if owner is not None:
                info.uname, info.uid = owner
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def with_member(path, **facts):
    """Make a tar that holds one member of a special kind."""
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo(facts.pop("name"))
        for name, value in facts.items():
            setattr(info, name, value)
        archive.addfile(info)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tgz"])
def test_each_kind_of_archive_deploys(world, tmp_path, kind):
    path = tmp_path / "revision"
    if kind == "zip":
        zipped(path, CONTENT)
    else:
        tarred(path, CONTENT, "w:gz" if kind == "tgz" else "w")
    assert BundleType(kind) is bundle.bundle_type(path)
    result = world.deploy(path)
    assert "Succeeded" == result.status
    assert "a" == world.text("/srv/a.txt")
    kept = world.agent(f"6f5b/{result.deployment_id}/bundle.tar")
    assert path.read_bytes() == kept.read_bytes()


def test_trap_4_a_tar_keeps_owners_and_a_zip_does_not(world, tmp_path):
    world.deploy(tarred(tmp_path / "t", CONTENT, owner=("nobody", 65534)))
    nobody = 65534 if os.geteuid() == 0 else os.geteuid()  # only root gives files away
    assert nobody == world.at("/srv/a.txt").stat().st_uid
    world.deploy(zipped(tmp_path / "z", CONTENT))
    assert os.geteuid() == world.at("/srv/a.txt").stat().st_uid


def test_trap_54_five_directories_remain_and_the_last_successful_is_never_deleted(world):
    revision = world.revision("v1", "")
    first = world.deploy(revision)
    bad = world.revision("bad", "hooks:\n  BeforeInstall: [{location: nope}]\n")
    for _ in range(6):
        world.deploy(bad)
    kept = [path.name for path in world.agent("6f5b").iterdir()]
    assert 5 == len(kept)
    assert first.deployment_id in kept


def test_trap_55_a_single_top_directory_with_the_appspec_is_taken_away(world, tmp_path):
    inner = {f"myapp-1.0/{name}": text for name, text in CONTENT.items()}
    assert "Succeeded" == world.deploy(zipped(tmp_path / "z", inner)).status
    assert "Succeeded" == world.deploy(tarred(tmp_path / "t", inner)).status


def test_trap_55_a_second_top_entry_prevents_it(world, tmp_path):
    inner = {f"myapp-1.0/{name}": text for name, text in CONTENT.items()}
    result = world.deploy(zipped(tmp_path / "z", {**inner, "README": "r"}))
    assert "Failed" == events(result)["BeforeInstall"]


def test_trap_55_a_directory_is_never_unwrapped(world, tmp_path):
    outer = tmp_path / "outer"
    world.revision("v1", "").rename(outer)
    (tmp_path / "wrapped").mkdir()
    outer.rename(tmp_path / "wrapped" / "myapp")
    assert "Failed" == world.deploy(tmp_path / "wrapped").status


def test_trap_56_a_gzip_called_tar_works_and_a_tar_called_tgz_does_not(world, tmp_path):
    good = world.deploy(tarred(tmp_path / "g", CONTENT, "w:gz"), bundle_type=BundleType.TAR)
    assert "Succeeded" == good.status
    path = tarred(tmp_path / "t", CONTENT)
    with pytest.raises(UsageError, match="cannot be unpacked"):
        world.deploy(path, bundle_type=BundleType.TGZ, refuse_invalid=True)
    bad = world.deploy(path, bundle_type=BundleType.TGZ)
    assert "Failed" == events(bad)["DownloadBundle"]
    assert "Error extracting tar archive: 2" in message(bad)


@pytest.mark.parametrize("name", ["../out", "/abs", "a/../../out"])
def test_no_entry_leaves_the_archive(tmp_path, name):
    for kind, path in (
        (BundleType.ZIP, zipped(tmp_path / "z", {name: "x"})),
        (BundleType.TAR, tarred(tmp_path / "t", {name: "x"})),
    ):
        with pytest.raises(AgentFault, match="would leave the directory"):
            unpack(path, kind, tmp_path / f"into-{kind}")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_through_a_link(tmp_path):
    path = tmp_path / "t"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        info = tarfile.TarInfo("l/evil")
        archive.addfile(info, io.BytesIO(b""))
    with pytest.raises(AgentFault, match="goes through a link"):
        unpack(path, BundleType.TAR, tmp_path / "into")
    assert not (tmp_path / "evil").exists()


def test_a_file_over_a_link_replaces_the_link(tmp_path):
    (tmp_path / "victim").write_text("safe")
    path = tmp_path / "t"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path / "victim")
        archive.addfile(link)
        info = tarfile.TarInfo("l")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    unpack(path, BundleType.TAR, tmp_path / "into")
    assert "safe" == (tmp_path / "victim").read_text()


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_pipes_and_devices_are_refused(tmp_path, kind):
    path = with_member(tmp_path / "t", name="x", type=kind)
    with pytest.raises(AgentFault, match="'x' is a device, a pipe or a socket"):
        unpack(path, BundleType.TAR, tmp_path / "into")


def test_a_hard_link_out_of_the_archive_is_refused(tmp_path):
    path = with_member(tmp_path / "t", name="x", type=tarfile.LNKTYPE, linkname="../etc")
    with pytest.raises(AgentFault, match="would leave the directory"):
        unpack(path, BundleType.TAR, tmp_path / "into")


def packed(path, kind, content):
    """Make a well compressed archive of ``kind`` out of {name: bytes}."""
    if kind is BundleType.ZIP:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        return path
    with tarfile.open(path, "w:gz" if kind is BundleType.TGZ else "w") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def sparse(path, size):
    """Make a plain tar of one file that says it is a hole of ``size`` bytes."""
    said = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0"}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("hole")
        info.pax_headers = {**said, "GNU.sparse.size": str(size)}
        archive.addfile(info)
    return path


ARCHIVES = (BundleType.ZIP, BundleType.TAR, BundleType.TGZ)


@pytest.mark.parametrize("kind", ARCHIVES)
def test_a_bomb_is_refused_before_anything_of_it_is_written(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(bounds, "ALWAYS_ALLOWED", 1000)
    path = tmp_path / "bomb"
    if kind is BundleType.TAR:
        sparse(path, 10_000_000)
    else:
        packed(path, kind, {"zeros": bytes(1_000_000)})
    with pytest.raises(AgentFault, match="bytes or more would come out of an archive of"):
        unpack(path, kind, tmp_path / "into")
    assert [] == list((tmp_path / "into").iterdir())
    with pytest.raises(UsageError, match="bytes or more would come out"):
        bundle.names(path, kind)


@pytest.mark.parametrize("kind", ARCHIVES)
def test_more_entries_than_a_disk_should_take_are_refused(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(bounds, "MAXIMUM_ENTRIES", 10)
    path = packed(tmp_path / "many", kind, {f"{n}": b"" for n in range(11)})
    with pytest.raises(AgentFault, match="more than 10 entries would come out of it"):
        unpack(path, kind, tmp_path / "into")
    packed(path, kind, {f"{n}": b"" for n in range(10)})
    unpack(path, kind, tmp_path / "fits")
    assert 10 == len(list((tmp_path / "fits").iterdir()))


@pytest.mark.parametrize("kind", [BundleType.TAR, BundleType.TGZ])
def test_headers_that_would_fill_the_memory_are_refused(tmp_path, kind):
    path = tmp_path / "t"
    mode = "w:gz" if kind is BundleType.TGZ else "w"
    with tarfile.open(path, mode, format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("x")
        info.pax_headers = {"comment": "x" * 2_000_000}
        archive.addfile(info)
    with pytest.raises(AgentFault, match="bytes of headers"):
        unpack(path, kind, tmp_path / "into")


def test_a_tar_of_our_own_size_is_no_bomb(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "ALWAYS_ALLOWED", 1000)
    content = {f"f{n}": os.urandom(3_000_000) for n in range(2)}
    unpack(packed(tmp_path / "t", BundleType.TGZ, content), BundleType.TGZ, tmp_path / "into")
    assert content == {p.name: p.read_bytes() for p in (tmp_path / "into").iterdir()}


def test_hard_links_cost_no_space(tmp_path):
    path = tmp_path / "t"
    with tarfile.open(path, "w") as archive:
        info = tarfile.TarInfo("a")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"abc"))
        again = tarfile.TarInfo("d/b")
        again.type, again.linkname = tarfile.LNKTYPE, "a"
        archive.addfile(again)
    unpack(path, BundleType.TAR, tmp_path / "into")
    assert "abc" == (tmp_path / "into/d/b").read_text()
    assert 2 == (tmp_path / "into/a").stat().st_nlink


def test_a_hard_link_through_a_link_is_refused(tmp_path):
    (tmp_path / "secret").write_text("s")
    path = tmp_path / "t"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("l")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        hard = tarfile.TarInfo("x")
        hard.type, hard.linkname = tarfile.LNKTYPE, "l/secret"
        archive.addfile(hard)
    with pytest.raises(AgentFault, match="links to nothing"):
        unpack(path, BundleType.TAR, tmp_path / "into")


def test_a_zip_with_a_password_is_refused(tmp_path):
    path = zipped(tmp_path / "z", {"a": "secret"})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    with pytest.raises(AgentFault, match="'a' needs a password"):
        unpack(path, BundleType.ZIP, tmp_path / "into")


def test_the_entry_for_the_top_itself_is_nothing(tmp_path):
    path = tmp_path / "t"
    with tarfile.open(path, "w") as archive:
        top = tarfile.TarInfo("./")
        top.type = tarfile.DIRTYPE
        archive.addfile(top)
        archive.addfile(tarfile.TarInfo("./a"))
    unpack(path, BundleType.TAR, tmp_path / "into")
    assert ["a"] == [p.name for p in (tmp_path / "into").iterdir()]


def test_a_damaged_archive_is_a_usage_error_before_anything_starts(world, tmp_path):
    path = zipped(tmp_path / "z", {"appspec.yml": APPSPEC, "a": "x" * 1000})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UsageError):
        world.deploy(path, refuse_invalid=True)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 600])
def test_what_is_no_archive_is_a_usage_error(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(UsageError, match="neither a directory nor"):
        bundle.bundle_type(tmp_path / "x")


def test_a_missing_revision_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        bundle.bundle_type(tmp_path / "x")


def test_a_directory_packs_to_the_same_bytes_without_git_and_our_own_state(world, tmp_path):
    revision = world.revision("v1", "", {"d/f": "f", ".git/config": "g", ".cicd/x": "x"})
    pack_directory(revision, tmp_path / "1.zip")
    pack_directory(revision, tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert ["appspec.yml", "d/", "d/f"] == archive.namelist()


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_unpacked_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "x"
    path.write_bytes(b"PK\x03\x04" + content)
    with pytest.raises((UsageError, AgentFault)):
        bundle.names(path, bundle.bundle_type(path))


def test_the_state_directory_is_no_part_of_a_revision_whatever_its_name(tmp_path):
    revision = tmp_path / "revision"
    (revision / "state" / "artifacts").mkdir(parents=True)
    (revision / "app" / "state").mkdir(parents=True)
    pack_directory(revision, tmp_path / "1.zip", home=revision / "state")
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert ["app/", "app/state/"] == archive.namelist()


def test_an_instance_below_a_revision_is_no_part_of_it_so_that_deployments_do_not_grow(tmp_path):
    revision = tmp_path / "revision"
    (revision / "servers/web-1/opt/codedeploy-agent/deployment-root/g/d-1").mkdir(parents=True)
    (revision / "servers/web-2/opt/app").mkdir(parents=True)
    pack_directory(revision, tmp_path / "1.zip")
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        kept = ["servers/", "servers/web-2/", "servers/web-2/opt/", "servers/web-2/opt/app/"]
        assert kept == archive.namelist()
