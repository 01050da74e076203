import pytest

from cicd.build.artifacts.delivery import deliver_files, deliver_zip, move_files
from cicd.errors import Unavailable
from cicd.ports import ArtifactFile
from cicd.store.artifacts import ArtifactFiles


@pytest.fixture
def artifacts(tmp_path):
    return ArtifactFiles(tmp_path / "store")


def kept(artifacts, tmp_path, **files):
    made = []
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        made.append(ArtifactFile(path=f"dist/{name}", source=tmp_path / name))
    return artifacts.put(made)


def unpacked(artifacts, tmp_path, out, **files):
    deliver_files(kept(artifacts, tmp_path, **files), artifacts, out)


def moved(artifacts, tmp_path, out, **files):
    artifact = kept(artifacts, tmp_path, **files)
    assert len(files) == artifact.files
    move_files([ArtifactFile(path=f"dist/{n}", source=tmp_path / n) for n in files], out)


@pytest.fixture(params=[unpacked, moved])
def deliver(request):
    return request.param


def test_a_second_delivery_replaces_its_files_and_leaves_the_others(artifacts, tmp_path, deliver):
    out = tmp_path / "out"
    deliver(artifacts, tmp_path, out, a="one", b="b")
    (out / "mine").write_text("mine")
    deliver(artifacts, tmp_path, out, a="two")
    found = {str(p.relative_to(out)): p.read_text() for p in out.rglob("*") if p.is_file()}
    assert {"dist/a": "two", "dist/b": "b", "mine": "mine"} == found
    assert ["dist", "mine"] == sorted(path.name for path in out.iterdir())


def test_nothing_is_written_through_a_link_that_is_there(artifacts, tmp_path, deliver):
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    (out / "dist").symlink_to(elsewhere)
    deliver(artifacts, tmp_path, out, a="one")
    assert "one" == (out / "dist" / "a").read_text()
    assert [] == list(elsewhere.iterdir())


def test_a_directory_in_a_files_place_is_refused_and_kept(artifacts, tmp_path, deliver):
    place = tmp_path / "out" / "dist" / "a" / "inside"
    place.mkdir(parents=True)
    with pytest.raises(Unavailable, match="is a directory, where a file"):
        deliver(artifacts, tmp_path, tmp_path / "out", a="one")
    assert place.is_dir()


def test_a_zip_replaces_the_one_before(artifacts, tmp_path):
    there = tmp_path / "out" / "x.zip"
    for text in ("one", "two"):
        artifact = kept(artifacts, tmp_path, a=text)
        deliver_zip(artifact, artifacts, there)
        assert artifacts.path(artifact).read_bytes() == there.read_bytes()


def test_links_and_modes_are_moved_as_they_are_in_the_artifact(tmp_path):
    (tmp_path / "run").write_text("x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").write_text("an older file")
    files = [
        ArtifactFile(path="run", source=tmp_path / "run", mode=0o755),
        ArtifactFile(path="link", source=tmp_path / "none", link="run"),
    ]
    move_files(files, tmp_path / "out")
    assert 0o755 == (tmp_path / "out" / "run").stat().st_mode & 0o777
    assert "run" == str((tmp_path / "out" / "link").readlink())
    assert not (tmp_path / "run").exists()
