"""The store against the contracts of its ports."""

import pytest

from cicd.store.artifacts import ArtifactFiles
from cicd.store.database import Database
from cicd.store.event_log import SqliteEventLog
from cicd.store.executions import SqliteExecutionIndex
from cicd.store.log_files import LogFiles
from cicd.testing.contracts import (
    ArtifactStoreContract,
    EventLogContract,
    ExecutionIndexContract,
    LogStoreContract,
)


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


class TestArtifactFiles(ArtifactStoreContract):
    @pytest.fixture
    def artifacts(self, tmp_path):
        return ArtifactFiles(tmp_path / "artifacts")
