"""The store against the contracts of its ports."""

import uuid

import pytest

from cicd.backends.bucket_folder import FolderBucket
from cicd.backends.bucket_url import UrlBucket
from cicd.store.artifacts import ArtifactFiles
from cicd.store.database import Database
from cicd.store.event_log import SqliteEventLog
from cicd.store.executions import SqliteExecutionIndex
from cicd.store.log_files import LogFiles
from cicd.store.remote_artifacts import RemoteArtifacts
from cicd.store.sealing import Sealing
from cicd.store.secrets.key import KeyRing
from cicd.testing.contracts_artifacts import ArtifactStoreContract
from cicd.testing.contracts_events import EventLogContract
from cicd.testing.contracts_executions import ExecutionIndexContract
from cicd.testing.contracts_logs import LogStoreContract


class TestSqliteEventLog(EventLogContract):
    @pytest.fixture
    def log(self, tmp_path):
        return SqliteEventLog(Database(tmp_path / "state.db"))


class TestSqliteExecutionIndex(ExecutionIndexContract):
    @pytest.fixture
    def index(self, tmp_path):
        return SqliteExecutionIndex(Database(tmp_path / "state.db"))


class TestLogFiles(LogStoreContract):
    @pytest.fixture
    def logs(self, tmp_path):
        return LogFiles(tmp_path / "logs")


class TestRemoteArtifacts(ArtifactStoreContract):
    @pytest.fixture
    def artifacts(self, tmp_path):
        return RemoteArtifacts(tmp_path / "local", UrlBucket(f"memory://{uuid.uuid4()}"))


class TestArtifactsAtS3(ArtifactStoreContract):
    @pytest.fixture
    def artifacts(self, tmp_path, s3):
        return RemoteArtifacts(tmp_path / "local", UrlBucket(f"{s3}/artifacts"))


class TestSealedArtifacts(ArtifactStoreContract):
    @pytest.fixture
    def artifacts(self, tmp_path):
        keys = KeyRing(path=tmp_path / "key")
        bucket = FolderBucket(str(tmp_path / "kept"))
        return RemoteArtifacts(tmp_path / "local", bucket, Sealing(keys))


class TestArtifactFiles(ArtifactStoreContract):
    @pytest.fixture
    def artifacts(self, tmp_path):
        return ArtifactFiles(tmp_path / "artifacts")
