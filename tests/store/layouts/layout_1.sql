-- A database as cicd wrote it before layout 2.

CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    stream  TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    at      TEXT NOT NULL,             -- RFC 3339, UTC, microseconds
    key     TEXT NOT NULL DEFAULT '',
    data    TEXT NOT NULL,             -- JSON
    UNIQUE (stream, version)           -- the lock
);

-- An index over the events; only the numbers below exist nowhere else.
CREATE TABLE executions (
    seq        INTEGER PRIMARY KEY,    -- order of submission
    stream     TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    name       TEXT NOT NULL,
    number     INTEGER NOT NULL,
    status     TEXT NOT NULL,
    parent     TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE INDEX executions_by_name ON executions (kind, name, seq);

-- The last number given; kept apart so that forgetting an execution never frees its number.
CREATE TABLE numbers (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
);

-- Who drives a stream; kept apart from executions, which may be dropped and rebuilt.
CREATE TABLE drivers (
    stream  TEXT PRIMARY KEY,
    driver  TEXT NOT NULL,             -- host:pid:start time of the process
    seen_at REAL NOT NULL              -- seconds since 1970 when it last said so
);

INSERT INTO events (stream, version, kind, at, key, data) VALUES
    ('build/app:1', 1, 'SUBMITTED', '2026-01-31T12:00:00.000000Z', '', '{"project": "app"}'),
    ('build/app:1', 2, 'CONCLUDED', '2026-01-31T12:00:01.000000Z', '', '{"status": "SUCCEEDED"}');
INSERT INTO executions (stream, kind, name, number, status, parent, created_at, updated_at) VALUES
    ('build/app:1', 'build', 'app', 7, 'SUCCEEDED', NULL,
     '2026-01-31T12:00:00.000000Z', '2026-01-31T12:00:01.000000Z');
INSERT INTO numbers (kind, name, last) VALUES ('build', 'app', 7);
PRAGMA application_id = 0x63696364;
PRAGMA user_version = 1;
