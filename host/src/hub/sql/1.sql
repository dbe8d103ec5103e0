-- Format 1 of the hub: topics that are kept, and what groups have claimed.

CREATE TABLE topic (
    row INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    name TEXT NOT NULL,
    epoch BLOB NOT NULL,
    -- Offset and id of the last message.
    last INTEGER NOT NULL,
    last_id BLOB NOT NULL,
    keep INTEGER NOT NULL,
    ttl_ms INTEGER NOT NULL,
    -- When its messages are forgotten, and when it is.
    expires_ms INTEGER NOT NULL,
    forgotten_ms INTEGER NOT NULL,
    UNIQUE (scope, name)
) STRICT;
CREATE INDEX topic_expiry ON topic (expires_ms);
CREATE INDEX topic_forgotten ON topic (forgotten_ms);

CREATE TABLE kept (
    topic INTEGER NOT NULL REFERENCES topic ON DELETE CASCADE,
    "offset" INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    PRIMARY KEY (topic, "offset")
) STRICT, WITHOUT ROWID;

CREATE TABLE claim (
    scope TEXT NOT NULL,
    topic TEXT NOT NULL,
    "group" TEXT NOT NULL,
    id BLOB NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, topic, "group", id)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_expiry ON claim (expires_ms);
