-- Format 1 of workflows. Times are milliseconds since 1970. `seq` is -1 for a run's body.

CREATE TABLE workflow_version (
    scope TEXT NOT NULL,
    workflow TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    source TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    PRIMARY KEY (scope, workflow, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_version_newest ON workflow_version (scope, workflow, status, first_ms);

CREATE TABLE workflow_run (
    row INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    digest TEXT NOT NULL,
    status TEXT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    user TEXT,
    key TEXT,
    parent TEXT,
    parent_seq INTEGER,
    depth INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    retention_ms INTEGER NOT NULL,
    lost INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    waits TEXT,
    -- Whether its delay is not over, or that after a failure.
    held INTEGER NOT NULL,
    -- Of its history in this generation: its length, and the signals in it.
    events INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    signals INTEGER NOT NULL DEFAULT 0,
    -- The last write of a body: under which lease, which, when, on how many events, and whether
    -- it gave the lease up. So it may be repeated.
    wrote TEXT,
    wrote_number INTEGER NOT NULL DEFAULT 0,
    wrote_ms INTEGER NOT NULL DEFAULT 0,
    wrote_base INTEGER NOT NULL DEFAULT 0,
    wrote_released INTEGER NOT NULL DEFAULT 0,
    UNIQUE (scope, id)
) STRICT;
CREATE UNIQUE INDEX workflow_run_key ON workflow_run (scope, workflow, key) WHERE key IS NOT NULL;
CREATE INDEX workflow_run_parent ON workflow_run (scope, parent) WHERE parent IS NOT NULL;
CREATE INDEX workflow_run_created ON workflow_run (scope, workflow, created_ms, id);

CREATE TABLE workflow_event (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    PRIMARY KEY (run, number)
) STRICT;

CREATE TABLE workflow_queue (
    place INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    queue TEXT NOT NULL,
    -- When it was put in, less a minute for each priority.
    score INTEGER NOT NULL,
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    UNIQUE (run, seq)
) STRICT;
CREATE INDEX workflow_queue_order ON workflow_queue (scope, queue, score, place);

CREATE TABLE workflow_lease (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    scope TEXT NOT NULL,
    token TEXT NOT NULL,
    worker TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_lease_expiry ON workflow_lease (scope, expires_ms);

-- A run, and the worker that has its body.
CREATE VIEW workflow_head AS
    SELECT workflow_run.*,
        (SELECT worker FROM workflow_lease WHERE run = workflow_run.row AND seq = -1) AS worker
    FROM workflow_run;

CREATE TABLE workflow_due (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    kind TEXT NOT NULL,
    seq INTEGER NOT NULL,
    scope TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    PRIMARY KEY (run, kind, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_due_order ON workflow_due (scope, due_ms, run, seq);

-- What a run waits for, besides its timers.

CREATE TABLE workflow_function (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    -- The event that asked for it.
    number INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    lost INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_approval (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    name TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expires_ms INTEGER,
    PRIMARY KEY (run, name),
    UNIQUE (run, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_child (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    child TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- What lasts as long as the run, in all generations.

CREATE TABLE workflow_signal_key (
    place INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    key TEXT NOT NULL,
    UNIQUE (run, key)
) STRICT;
CREATE INDEX workflow_signal_key_order ON workflow_signal_key (run, place);

CREATE TABLE workflow_state (
    run INTEGER NOT NULL REFERENCES workflow_run ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE workflow_schedule (
    scope TEXT NOT NULL,
    workflow TEXT NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    next_ms INTEGER NOT NULL,
    input TEXT NOT NULL,
    user TEXT,
    priority INTEGER NOT NULL,
    timeout_ms INTEGER,
    retention_ms INTEGER,
    PRIMARY KEY (scope, workflow, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX workflow_schedule_due ON workflow_schedule (scope, next_ms);
