import uuid
from pathlib import Path

import pytest

from cicd.backends.bucket_folder import FolderBucket
from cicd.backends.bucket_url import UrlBucket
from cicd.errors import Unavailable
from cicd.ports import ArtifactFile
from cicd.store import sealing
from cicd.store.artifacts import key_of
from cicd.store.remote_artifacts import RemoteArtifacts
from cicd.store.sealing import Sealing
from cicd.store.secrets.key import KeyRing


def put(store, tmp_path, content=b"hush-hush " * 1000):
    (tmp_path / "source").write_bytes(content)
    return store.put([ArtifactFile(path="a/b.txt", source=tmp_path / "source")])


@pytest.fixture
def keys(tmp_path):
    return KeyRing(path=tmp_path / "key")


def test_another_machine_fetches_what_is_kept_at_a_url(tmp_path):
    bucket = UrlBucket(f"memory://{uuid.uuid4()}")
    made = put(RemoteArtifacts(tmp_path / "one", bucket), tmp_path)
    other = RemoteArtifacts(tmp_path / "other", bucket)
    assert made == other.find(made.digest)
    other.unpack(made, tmp_path / "out")
    assert b"hush" in (tmp_path / "out" / "a" / "b.txt").read_bytes()


def test_what_is_sealed_cannot_be_read_on_the_disk_and_opens_with_the_key(tmp_path, keys):
    bucket = FolderBucket(str(tmp_path / "kept"))
    made = put(RemoteArtifacts(tmp_path / "one", bucket, Sealing(keys)), tmp_path)
    kept = (tmp_path / "kept" / key_of(made.digest)).read_bytes()
    assert b"b.txt" not in kept
    other = RemoteArtifacts(tmp_path / "other", bucket, Sealing(keys))
    assert made == other.find(made.digest)
    with pytest.raises(Unavailable):
        stranger = Sealing(KeyRing(path=tmp_path / "another-key"))
        RemoteArtifacts(tmp_path / "third", bucket, stranger).find(made.digest)
    with pytest.raises(Unavailable) as refused:
        RemoteArtifacts(tmp_path / "fourth", bucket).find(made.digest)
    assert "is sealed" in refused.value.message


def test_a_passphrase_seals_as_well(tmp_path):
    bucket = FolderBucket(str(tmp_path / "kept"))
    for folder in ("one", "other"):
        keys = KeyRing(path=tmp_path / "none", passphrase="correct horse")
        store = RemoteArtifacts(tmp_path / folder, bucket, Sealing(keys))
        made = put(store, tmp_path) if folder == "one" else made  # noqa: F821 - from before
        assert made == store.find(made.digest)


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 128, 200])
def test_files_of_any_number_of_pieces_come_back(tmp_path, keys, monkeypatch, size):
    monkeypatch.setattr(sealing, "_PIECE", 64)
    plain, sealed, back = (tmp_path / name for name in ("plain", "sealed", "back"))
    plain.write_bytes(bytes(range(256))[:size])
    Sealing(keys).seal(plain, sealed, "name")
    Sealing(keys).open(sealed, back, "name")
    assert plain.read_bytes() == back.read_bytes()
    with pytest.raises(Unavailable):
        Sealing(keys).open(sealed, back, "another name")


def test_pieces_that_are_missing_or_changed_do_not_open(tmp_path, keys, monkeypatch):
    monkeypatch.setattr(sealing, "_PIECE", 64)
    plain, sealed, back = (tmp_path / name for name in ("plain", "sealed", "back"))
    plain.write_bytes(b"x" * 200)
    Sealing(keys).seal(plain, sealed, "name")
    whole = sealed.read_bytes()
    head = whole.index(b"\n") + 1
    for broken in (whole[:-1], whole[: head + 92], whole[:-5] + b"y" + whole[-4:]):
        sealed.write_bytes(broken)
        with pytest.raises(Unavailable):
            Sealing(keys).open(sealed, back, "name")


def test_what_was_exchanged_in_the_bucket_is_not_taken(tmp_path):
    bucket = FolderBucket(str(tmp_path / "kept"))
    store = RemoteArtifacts(tmp_path / "one", bucket)
    made, other = put(store, tmp_path), put(store, tmp_path, b"other")
    kept = Path(tmp_path, "kept")
    (kept / key_of(made.digest)).write_bytes((kept / key_of(other.digest)).read_bytes())
    with pytest.raises(Unavailable) as refused:
        RemoteArtifacts(tmp_path / "other", bucket).find(made.digest)
    assert "another than it was" in refused.value.message
