-- Format 1 of sessions.

CREATE TABLE session (
    row INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    UNIQUE (scope, id)
) STRICT;
CREATE INDEX session_expiry ON session (expires_ms);

CREATE TABLE session_field (
    session INTEGER NOT NULL REFERENCES session ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (session, name)
) STRICT, WITHOUT ROWID;
