"""Every promise of ``ports.ArtifactStore``, as tests."""

from __future__ import annotations

import zipfile
from functools import partial
from typing import TYPE_CHECKING

from cicd.errors import UsageError
from cicd.ports import ArtifactFile
from cicd.testing.contracts_asking import raised

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import ArtifactStore


class ArtifactStoreContract:
    """Promises of an ``ArtifactStore``; the fixture ``artifacts`` is an empty one."""

    def test_what_is_kept_is_listed_until_it_is_removed(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """By its digest, with a size and a time."""
        assert artifacts.kept() == []
        source = _write(tmp_path / "source", b"bytes")
        made = artifacts.put([ArtifactFile(path="a", source=source)])
        (kept,) = artifacts.kept()
        assert (kept.digest, kept.kept_at.tzinfo is not None) == (made.digest, True)
        assert kept.size >= made.size
        at = kept.kept_at.timestamp()
        assert not artifacts.remove(made.digest, unless_since=at - 60)
        assert artifacts.find(made.digest) == made
        for digest in (made.digest, made.digest, "../../etc/passwd"):
            assert artifacts.remove(digest, unless_since=at + 60)
        assert artifacts.kept() == []
        assert artifacts.find(made.digest) is None
        assert artifacts.put([ArtifactFile(path="a", source=source)]) == made

    def test_what_was_put_is_unpacked_with_modes_and_links(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """In folders of its own."""
        source = _write(tmp_path / "source", b"#!/bin/sh\n")
        artifact = artifacts.put(
            [
                ArtifactFile(path="bin/run", source=source, mode=0o755),
                ArtifactFile(path="text é.txt", source=source, mode=0o640),
                ArtifactFile(path="bin/link", source=source, link="run"),
            ]
        )
        artifacts.unpack(artifact, tmp_path / "out")
        out = tmp_path / "out"
        assert (out / "bin/run").read_bytes() == b"#!/bin/sh\n"
        assert (out / "bin/run").stat().st_mode & 0o777 == 0o755
        assert (out / "text é.txt").stat().st_mode & 0o777 == 0o640
        assert (out / "bin/link").is_symlink()
        assert str((out / "bin/link").readlink()) == "run"
        assert artifact.files == 3

    def test_the_same_files_give_the_same_digest(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """In any order, at any time; another name, mode or byte gives another one."""
        source = _write(tmp_path / "a", b"a")
        other = _write(tmp_path / "b", b"b")
        one, two = (ArtifactFile(path=path, source=source) for path in ("one", "two"))
        first = artifacts.put([one, two])
        assert artifacts.put([two, one]) == first
        digests = {
            artifacts.put([changed, two]).digest
            for changed in (
                one,
                ArtifactFile(path="three", source=source),
                ArtifactFile(path="one", source=source, mode=0o755),
                ArtifactFile(path="one", source=other),
            )
        }
        assert len(digests) == 4

    def test_an_artifact_is_found_by_its_digest(
        self, artifacts: ArtifactStore, tmp_path: Path
    ) -> None:
        """And its zip can be read by anyone."""
        artifact = artifacts.put([ArtifactFile(path="a", source=_write(tmp_path / "a", b"abc"))])
        assert artifacts.find(artifact.digest) == artifact
        assert artifacts.find("0" * 64) is None
        assert artifacts.find("../../etc/passwd") is None
        path = artifacts.path(artifact)
        assert path.stat().st_size == artifact.size
        with zipfile.ZipFile(path) as packed:
            assert packed.read("a") == b"abc"

    def test_nothing_at_all_is_an_artifact(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """An empty zip."""
        artifact = artifacts.put([])
        assert artifact.files == 0
        artifacts.unpack(artifact, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []

    def test_a_zip_is_kept_as_it_is(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """To the byte."""
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
            packed.writestr("folder/a", "abc")
        artifact = artifacts.put_zip(tmp_path / "a.zip")
        assert artifacts.path(artifact).read_bytes() == (tmp_path / "a.zip").read_bytes()
        assert artifact.files == 1

    def test_what_is_no_zip_is_refused(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """In words."""
        for content in (b"", b"no zip", b"PK\x03\x04 truncated"):
            path = _write(tmp_path / "not.zip", content)
            raised(UsageError, partial(artifacts.put_zip, path))

    def test_nothing_is_unpacked_outside(self, artifacts: ArtifactStore, tmp_path: Path) -> None:
        """Neither by name nor through a link."""
        link = zipfile.ZipInfo("down")
        link.create_system = 3
        link.external_attr = 0o120777 << 16
        bad: list[list[tuple[zipfile.ZipInfo | str, str]]] = [
            [("../escaped", "x")],
            [("a/../../escaped", "x")],
            [(str(tmp_path / "escaped"), "x")],
            [(link, ".."), ("down/escaped", "x")],
        ]
        for number, entries in enumerate(bad):
            path = tmp_path / f"{number}.zip"
            with zipfile.ZipFile(path, "w") as packed:
                for name, content in entries:
                    packed.writestr(name, content)

            def unpack(zip_path: Path = path, into: str = f"out/{number}") -> None:
                artifacts.unpack(artifacts.put_zip(zip_path), tmp_path / into)

            raised(UsageError, unpack)
        assert list(tmp_path.rglob("escaped")) == []


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
