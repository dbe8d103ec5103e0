-- Format 1 of channels and of the subscriptions that are theirs.

-- The order of the last change, of any channel.
CREATE TABLE channel_order (
    last INTEGER NOT NULL
) STRICT;
INSERT INTO channel_order VALUES (0);

CREATE TABLE channel (
    born INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    opening_data TEXT NOT NULL,
    user TEXT,
    host TEXT,
    changed INTEGER NOT NULL,
    state TEXT,
    version INTEGER NOT NULL DEFAULT 0,
    expires_ms INTEGER NOT NULL,
    UNIQUE (scope, id)
) STRICT;
CREATE INDEX channel_expiry ON channel (expires_ms);
CREATE INDEX channel_scope ON channel (scope, born);
CREATE INDEX channel_user ON channel (scope, user, born);

CREATE TABLE subscription (
    channel INTEGER NOT NULL REFERENCES channel ON DELETE CASCADE,
    topic TEXT NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (channel, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_topic ON subscription (scope, topic, channel);
