import errno
import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.errors import Unavailable, UsageError
from cicd.ports import Artifact, ArtifactFile
from cicd.store.artifacts import ArtifactFiles


def store_in(tmp_path):
    return ArtifactFiles(tmp_path / "artifacts")


def file(tmp_path, path, content=b"x", mode=0o644):
    source = tmp_path / "in" / path
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_bytes(content)
    return ArtifactFile(path=path, source=source, mode=mode)


def link(path, text):
    return ArtifactFile(path=path, source=os.devnull, link=text)


def tree(directory):
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_file():
            found[name] = (oct(stat.S_IMODE(path.stat().st_mode)), path.read_bytes())
    return found


def leftovers(tmp_path):
    return [p for p in (tmp_path / "artifacts").rglob("*") if p.suffix == ".part"]


def test_files_modes_and_links_come_back(tmp_path):
    store = store_in(tmp_path)
    artifact = store.put(
        [
            file(tmp_path, "bin/run.sh", b"#!/bin/sh\n", 0o755),
            file(tmp_path, "bild.png", b"\x89PNG" * 9, 0o600),
            file(tmp_path, "ümläut/leer", b""),
            link("latest", "bin/run.sh"),
        ]
    )
    assert 4 == artifact.files
    store.unpack(artifact, tmp_path / "out")
    assert {
        "bild.png": ("0o600", b"\x89PNG" * 9),
        "bin/run.sh": ("0o755", b"#!/bin/sh\n"),
        "latest": ("link", "bin/run.sh"),
        "ümläut/leer": ("0o644", b""),
    } == tree(tmp_path / "out")


def test_the_digest_is_that_of_the_zip_and_the_zip_is_private(tmp_path):
    store = store_in(tmp_path)
    artifact = store.put([file(tmp_path, "a")])
    content = store.path(artifact).read_bytes()
    assert hashlib.sha256(content).hexdigest() == artifact.digest
    assert len(content) == artifact.size
    assert 0o600 == stat.S_IMODE(store.path(artifact).stat().st_mode)


def test_the_same_files_in_any_order_at_any_time_give_the_same_artifact(tmp_path):
    store = store_in(tmp_path)
    a, b = file(tmp_path, "a", b"1"), file(tmp_path, "b", b"2")
    first = store.put([a, b])
    os.utime(a.source, (1, 1))
    assert first == store.put([b, a])
    assert 1 == len([p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()])


def test_another_mode_content_or_name_gives_another_artifact(tmp_path):
    store = store_in(tmp_path)
    digests = {
        store.put([each]).digest
        for each in (
            file(tmp_path, "a", b"1"),
            file(tmp_path, "a", b"1", 0o755),
            file(tmp_path, "b", b"1"),
            link("a", "1"),
        )
    }
    # the first and second share a source, written before either is read
    assert 4 == len(digests)


def test_set_user_bits_are_not_kept(tmp_path):
    store = store_in(tmp_path)
    store.unpack(store.put([file(tmp_path, "a", b"1", 0o6755)]), tmp_path / "out")
    assert {"a": ("0o755", b"1")} == tree(tmp_path / "out")


def test_an_artifact_without_files_is_possible(tmp_path):
    store = store_in(tmp_path)
    artifact = store.put([])
    assert 0 == artifact.files
    store.unpack(artifact, tmp_path / "out")
    assert [] == list((tmp_path / "out").iterdir())


def test_find_gives_what_was_put_and_nothing_else(tmp_path):
    store = store_in(tmp_path)
    artifact = store.put([file(tmp_path, "a"), file(tmp_path, "b")])
    assert artifact == store.find(artifact.digest)
    assert artifact == store_in(tmp_path).find(artifact.digest)
    for digest in ("0" * 64, "", artifact.digest[:8], f"../{artifact.digest}", "../in/a"):
        assert None is store.find(digest)


def test_a_zip_is_kept_as_it_is(tmp_path):
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr("d/", "")
        zipped.writestr("d/a.txt", "hello")
    store = store_in(tmp_path)
    artifact = store.put_zip(path)
    assert path.read_bytes() == store.path(artifact).read_bytes()
    assert 1 == artifact.files
    store.unpack(artifact, tmp_path / "out")
    assert {"d/a.txt": b"hello"} == {name: c for name, (_, c) in tree(tmp_path / "out").items()}


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 and then nothing"])
def test_what_is_not_a_zip_is_refused(tmp_path, content):
    (tmp_path / "given").write_bytes(content)
    with pytest.raises(UsageError, match="is not a whole zip"):
        store_in(tmp_path).put_zip(tmp_path / "given")
    with pytest.raises(UsageError, match="is not there"):
        store_in(tmp_path).put_zip(tmp_path / "absent.zip")


@pytest.mark.parametrize("path", ["/a", "../a", "a/../../b", "C:/a", "..", "", "a\0b", "..\\a"])
def test_paths_that_could_not_be_unpacked_are_not_packed(tmp_path, path):
    with pytest.raises(UsageError):
        store_in(tmp_path).put([ArtifactFile(path=path, source=tmp_path)])


def test_two_files_in_one_place_are_not_packed(tmp_path):
    with pytest.raises(UsageError, match="'a' is to be packed twice"):
        store_in(tmp_path).put([file(tmp_path, "a"), file(tmp_path, "./a")])


def test_a_name_that_is_not_unicode_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not UTF-8"):
        store_in(tmp_path).put([ArtifactFile(path="a\udcff", source=tmp_path)])


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="not a regular file"):
        store_in(tmp_path).put([ArtifactFile(path="a", source=tmp_path / "pipe")])
    assert [] == leftovers(tmp_path)


def test_a_source_that_is_gone_is_named_and_nothing_is_left(tmp_path):
    with pytest.raises(Unavailable, match="absent cannot be used: No such file"):
        store_in(tmp_path).put([ArtifactFile(path="a", source=tmp_path / "absent")])
    assert [] == leftovers(tmp_path)


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    store = store_in(tmp_path)

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable) as caught:
        store.put([file(tmp_path, "a")])
    assert caught.value.hint.startswith("free some space")
    assert [] == [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]


PUTTER = """
import sys
from pathlib import Path
from cicd.ports import ArtifactFile
from cicd.store.artifacts import ArtifactFiles
print("putting", flush=True)
while True:
    ArtifactFiles(Path(sys.argv[1])).put([ArtifactFile(path="a", source=Path(sys.argv[2]))])
"""


def test_a_killed_put_leaves_no_half_artifact_and_is_swept_up(tmp_path):
    source = file(tmp_path, "a", os.urandom(1 << 20) * 8)
    process = subprocess.Popen(
        [sys.executable, "-c", PUTTER, str(tmp_path / "artifacts"), str(source.source)],
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    while not leftovers(tmp_path):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    store = store_in(tmp_path)
    artifact = store.put([source])
    assert [] == leftovers(tmp_path)
    (only,) = [p for p in (tmp_path / "artifacts").rglob("*") if p.is_file()]
    assert artifact.digest == hashlib.sha256(only.read_bytes()).hexdigest()


def test_a_put_that_still_runs_elsewhere_is_not_swept_up(tmp_path):
    store = store_in(tmp_path)
    with store._writing() as (_, part):
        store_in(tmp_path).put([file(tmp_path, "a")])
        assert part.exists()


def test_an_artifact_that_is_gone_says_so(tmp_path):
    with pytest.raises(UsageError, match="is not there"):
        store_in(tmp_path).unpack(Artifact(digest="0" * 64, size=1, files=1), tmp_path / "out")


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\:."),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(NAMES, st.tuples(st.binary(), st.sampled_from([0o644, 0o755, 0o400]))))
def test_any_files_come_back(tmp_path_factory, files):
    tmp_path = tmp_path_factory.mktemp("any")
    chosen = [
        ArtifactFile(path=f"d/{name}", source=file(tmp_path, str(n), content).source, mode=mode)
        for n, (name, (content, mode)) in enumerate(files.items())
    ]
    store = store_in(tmp_path)
    artifact = store.put(chosen)
    store.unpack(artifact, tmp_path / "out")
    expected = {f"d/{name}": (oct(mode), content) for name, (content, mode) in files.items()}
    assert expected == tree(tmp_path / "out")
    assert None is zipfile.ZipFile(io.BytesIO(store.path(artifact).read_bytes())).testzip()


@pytest.mark.parametrize("large", [1 << 30, 1])
def test_large_and_small_files_come_back_whoever_compressed_them_first(
    tmp_path, monkeypatch, large
):
    monkeypatch.setattr("cicd.store.packing._LARGE", large)
    noise = os.urandom(1000)
    given = {f"{n}/f{n}.txt": noise[: n % 7] * n for n in range(300)}
    given |= {"large.txt": noise * 3000, "large.png": noise * 3000, "empty": b""}
    store = store_in(tmp_path)
    first = store.put([file(tmp_path, path, text) for path, text in given.items()])
    again = store.put([file(tmp_path, path, text) for path, text in reversed(given.items())])
    assert first == again
    with zipfile.ZipFile(store.path(first)) as zipped:
        assert given == {name: zipped.read(name) for name in zipped.namelist()}
