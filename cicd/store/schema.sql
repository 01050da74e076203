-- Layout 1. Later layouts are further scripts in database.py's list; none of them is ever edited.

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
