-- Format 1 of secrets.

CREATE TABLE secret (
    row INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    -- As its scope calls it.
    id TEXT NOT NULL,
    -- Of a user's: the name, and the user.
    name TEXT,
    user TEXT,
    first INTEGER NOT NULL,
    UNIQUE (scope, id)
) STRICT;
CREATE INDEX secret_users ON secret (scope, name, user) WHERE name IS NOT NULL;

CREATE TABLE secret_version (
    secret INTEGER NOT NULL REFERENCES secret ON DELETE CASCADE,
    version INTEGER NOT NULL,
    -- The key that wraps it, a space, the wrapped key.
    wrap BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (secret, version)
) STRICT;

-- The greatest version that was deleted in a scope: a version is used once.
CREATE TABLE secret_deleted (
    scope TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that may wrap nothing more.
CREATE TABLE secret_barred (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE secret_audit (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    is_change INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    action TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    component TEXT NOT NULL,
    digest TEXT NOT NULL,
    instance TEXT NOT NULL
) STRICT;
CREATE INDEX secret_audit_of ON secret_audit (scope, is_change, row);
