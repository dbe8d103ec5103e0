-- Format 1 of the cache. A row is live while its generations are current.

CREATE TABLE cache_entry (
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    value BLOB NOT NULL,
    -- The generations that its bucket, and the group `member`, had when it was set.
    bucket BLOB NOT NULL,
    member TEXT,
    membership BLOB,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX cache_entry_expiry ON cache_entry (expires_ms);

-- The current generation of a bucket (where name is empty) or of group x in it ('gx').
CREATE TABLE cache_generation (
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    generation BLOB NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT;
CREATE INDEX cache_generation_expiry ON cache_generation (expires_ms);

CREATE TABLE cache_claim (
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    token BLOB NOT NULL,
    bucket BLOB NOT NULL,
    member TEXT,
    membership BLOB,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, id)
) STRICT;
CREATE INDEX cache_claim_expiry ON cache_claim (expires_ms);
