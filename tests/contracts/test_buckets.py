"""Both kinds of buckets keep the same promises."""

import uuid

import pytest

from cicd.backends.bucket_folder import FolderBucket
from cicd.backends.bucket_url import UrlBucket
from cicd.errors import Unavailable, UsageError
from cicd.testing.contracts_bucket import BucketContract


class TestFolderBucket(BucketContract):
    @pytest.fixture
    def bucket(self, tmp_path):
        return FolderBucket(str(tmp_path / "bucket"))

    def test_a_key_that_is_a_folder_here_is_refused(self, bucket, tmp_path):
        bucket.make()
        (tmp_path / "in").write_text("x")
        bucket.write("a/b", tmp_path / "in")
        with pytest.raises(UsageError) as refused:
            bucket.write("a", tmp_path / "in")
        assert "S3 could hold both" in refused.value.hint


class TestUrlBucket(BucketContract):
    @pytest.fixture
    def bucket(self):
        return UrlBucket(f"memory://{uuid.uuid4()}")

    def test_a_url_that_nothing_speaks_is_refused_with_what_to_install(self):
        with pytest.raises(Unavailable) as refused:
            UrlBucket("nothing://me:word@bucket")
        assert "word" not in refused.value.message
        assert "pip install" in refused.value.hint


class TestUrlBucketOfS3(BucketContract):
    @pytest.fixture
    def bucket(self, s3):
        return UrlBucket(s3)

    def test_two_folders_of_one_bucket_do_not_see_each_other(self, s3, tmp_path):
        (tmp_path / "in").write_text("x")
        one, other = UrlBucket(f"{s3}/one"), UrlBucket(f"{s3}/one-more/deep")
        one.make()
        one.write("k", tmp_path / "in")
        other.write("a/k", tmp_path / "in")
        assert (["k"], ["a/k"]) == (one.keys(), other.keys())
        other.delete("a/k")
        other.remove()
        assert ["k"] == one.keys()

    def test_a_login_that_a_client_repeats_is_not_shown(self, s3):
        with pytest.raises(Unavailable) as refused:
            UrlBucket("s3://me:word@elsewhere/x").keys()
        assert "s3://elsewhere/x cannot be used: " in refused.value.message
        assert "word" not in f"{refused.value.message} {refused.value.hint}"


class TestUrlBucketOfFiles(BucketContract):
    @pytest.fixture
    def bucket(self, tmp_path):
        return UrlBucket(f"file://{tmp_path}/bucket")
