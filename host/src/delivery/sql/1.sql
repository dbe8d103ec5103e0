-- Format 1 of delivery: what hosts of one file tell each other, for a few seconds.

CREATE TABLE post (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    address BLOB NOT NULL,
    payload BLOB NOT NULL,
    posted_ms INTEGER NOT NULL
) STRICT;
