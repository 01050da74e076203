"""Every promise of ``ports.Bucket``, as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import Conflict, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from cicd.ports import Bucket


class BucketContract:
    """The fixture ``bucket`` is a bucket that is not there yet."""

    def test_what_was_written_is_read_and_listed(self, bucket: Bucket, tmp_path: Path) -> None:
        """By its whole key, and by what a key begins with."""
        bucket.make()
        for key in ("b", "a/1", "a/2", "ab"):
            (tmp_path / "in").write_text(key)
            bucket.write(key, tmp_path / "in")
        assert bucket.exists()
        assert bucket.keys() == ["a/1", "a/2", "ab", "b"]
        assert bucket.keys("a/") == ["a/1", "a/2"]
        assert bucket.read("a/2", tmp_path / "out")
        assert (tmp_path / "out").read_text() == "a/2"

    def test_what_is_not_there_is_not_read(self, bucket: Bucket, tmp_path: Path) -> None:
        """Nor is anything made of it."""
        bucket.make()
        assert not bucket.read("none", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_writing_replaces(self, bucket: Bucket, tmp_path: Path) -> None:
        """All of what was there."""
        bucket.make()
        for text in ("long before", "new"):
            (tmp_path / "in").write_text(text)
            bucket.write("k", tmp_path / "in")
        assert bucket.read("k", tmp_path / "out")
        assert (tmp_path / "out").read_text() == "new"

    def test_a_listing_has_sizes_and_times(self, bucket: Bucket, tmp_path: Path) -> None:
        """Times with their zone."""
        bucket.make()
        (tmp_path / "in").write_text("four")
        bucket.write("a/k", tmp_path / "in")
        (found,) = bucket.entries("a/")
        assert (found.key, found.size) == ("a/k", 4)
        assert found.modified.tzinfo is not None
        assert bucket.entries("b") == []

    def test_what_is_deleted_is_gone(self, bucket: Bucket, tmp_path: Path) -> None:
        """And only that."""
        bucket.make()
        (tmp_path / "in").write_text("x")
        for key in ("a", "b"):
            bucket.write(key, tmp_path / "in")
        assert bucket.delete("a")
        assert not bucket.delete("a")
        assert bucket.keys() == ["b"]

    def test_no_key_leaves_the_bucket(self, bucket: Bucket, tmp_path: Path) -> None:
        """Whatever it says."""
        bucket.make()
        (tmp_path / "in").write_text("x")
        for key in ("../x", "a/../../x"):
            try:
                bucket.write(key, tmp_path / "in")
            except UsageError:
                continue
            raise AssertionError(key)

    def test_only_an_empty_bucket_is_removed(self, bucket: Bucket, tmp_path: Path) -> None:
        """As at S3; one that is gone stays gone."""
        assert not bucket.exists()
        bucket.make()
        (tmp_path / "in").write_text("x")
        bucket.write("k", tmp_path / "in")
        try:
            bucket.remove()
        except Conflict:
            assert bucket.keys() == ["k"]
        else:
            raise AssertionError("it was removed")

    def test_an_empty_bucket_is_gone_when_removed(self, bucket: Bucket) -> None:
        """Also the second time."""
        bucket.make()
        bucket.remove()
        bucket.remove()
        assert not bucket.exists()
