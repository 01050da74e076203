-- Layout 2: finding what an execution began, and the newest of a kind, without reading all.

CREATE INDEX executions_by_parent ON executions (parent);
CREATE INDEX executions_by_kind ON executions (kind, seq);
