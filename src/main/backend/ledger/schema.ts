/** The ledger's tables, one entry per version; `openLedger` applies those that a file has not seen yet. */
export const migrations: readonly string[] = [
  `
  -- Immutable copies of accepted CSVs.
  CREATE TABLE dataset (
    sha256 TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, stored_at TEXT NOT NULL
  ) STRICT;

  -- One row for every file ever accepted, and one more for each explicit "run again".
  CREATE TABLE run (
    workflow_id TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    source_path TEXT NOT NULL,
    origin TEXT NOT NULL CHECK (origin IN ('inbox','window','cli','again','client')),
    submitted_by TEXT NOT NULL,
    accepted_at TEXT NOT NULL,
    again INTEGER NOT NULL DEFAULT 0,
    request_id TEXT UNIQUE
  ) STRICT;
  -- The same name with the same content is one run for ever. Runs that another Temporal client started have no dataset of ours.
  CREATE UNIQUE INDEX one_run_per_file ON run (file_name, sha256, again) WHERE origin <> 'client';
  CREATE INDEX run_by_age ON run (accepted_at DESC);

  -- Starts that Temporal has not confirmed yet; the row goes when it has.
  CREATE TABLE start_outbox (
    workflow_id TEXT PRIMARY KEY REFERENCES run (workflow_id),
    input TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    last_error TEXT
  ) STRICT;
  CREATE INDEX start_due ON start_outbox (next_attempt_at);

  -- What a path held when it was last dealt with, so that a launch does not hash everything again.
  CREATE TABLE sighting (
    path TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ms REAL NOT NULL, ctime_ms REAL NOT NULL, inode INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sighting_by_inode ON sighting (inode);

  -- The story that the console tells of each file, refused ones included.
  CREATE TABLE intake_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_name TEXT NOT NULL, path TEXT NOT NULL, size_bytes INTEGER,
    outcome TEXT NOT NULL, code TEXT, message TEXT NOT NULL, workflow_id TEXT, at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX intake_entry_by_path ON intake_entry (path, id);
  CREATE INDEX intake_entry_waiting ON intake_entry (outcome) WHERE outcome = 'waiting';

  -- Decisions taken here; delivered to Temporal in order, kept afterwards.
  CREATE TABLE decision_outbox (
    decision_id TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL,
    decision TEXT NOT NULL, reason TEXT NOT NULL, operator TEXT NOT NULL, host TEXT NOT NULL, at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending','delivered','refused')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at TEXT NOT NULL,
    last_error TEXT
  ) STRICT;
  CREATE INDEX decision_pending ON decision_outbox (state, next_attempt_at);

  -- The list's view of each run. 'sealed' holds what came out of payloads (metrics, failures), encrypted.
  CREATE TABLE projection (
    workflow_id TEXT PRIMARY KEY REFERENCES run (workflow_id),
    run_id TEXT, stage TEXT NOT NULL, stage_since TEXT NOT NULL, started_at TEXT, ended_at TEXT,
    revision INTEGER NOT NULL, sealed BLOB
  ) STRICT;
  CREATE INDEX projection_by_stage ON projection (stage);

  -- Every attempt of every step, also those that Temporal's history drops. 'sealed' holds the failure. Temporal counts
  -- attempts anew after a "retry now", so the time of its start tells an attempt from the others.
  CREATE TABLE attempt (
    run_id TEXT NOT NULL, step TEXT NOT NULL, attempt INTEGER NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, outcome TEXT NOT NULL, worker TEXT, sealed BLOB,
    PRIMARY KEY (run_id, step, started_at)
  ) STRICT;
  `,
  `
  -- What operators switched, and what that did: drills and every attempt that they hit. Rows are never changed.
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    topic TEXT NOT NULL,
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    operator TEXT NOT NULL,
    host TEXT NOT NULL,
    workflow_id TEXT, step TEXT, attempt INTEGER,
    detail TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_topic ON audit (topic, id);
  `,
  `
  CREATE INDEX audit_by_run ON audit (workflow_id, id) WHERE workflow_id IS NOT NULL;
  `,
  `
  -- Decisions to serve an earlier model again. 'accepted' ones are still to be carried out, 'switched' ones still to be
  -- written to Postgres; all are kept afterwards.
  CREATE TABLE roll_back (
    request_id TEXT PRIMARY KEY,
    environment TEXT NOT NULL,
    model_id TEXT NOT NULL,
    reason TEXT NOT NULL, operator TEXT NOT NULL, host TEXT NOT NULL, at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'accepted' CHECK (state IN ('accepted','switched','recorded','refused')),
    url TEXT, deployed_at TEXT,
    last_error TEXT
  ) STRICT;
  CREATE INDEX roll_back_by_state ON roll_back (state);
  `,
  `
  -- What a record is about, and its parts apart from each other; 'ref' names a deed that is on record once however often it
  -- is told. Earlier records have reason and refusal in 'detail'.
  ALTER TABLE audit ADD COLUMN kind TEXT NOT NULL DEFAULT 'host';
  ALTER TABLE audit ADD COLUMN reason TEXT;
  ALTER TABLE audit ADD COLUMN problem TEXT;
  ALTER TABLE audit ADD COLUMN changes TEXT;
  ALTER TABLE audit ADD COLUMN ref TEXT;
  UPDATE audit SET kind = CASE
    WHEN topic = 'drill' AND event = 'used' THEN 'drillHit'
    WHEN topic = 'drill' THEN 'drill'
    WHEN topic = 'encryption' THEN 'key'
    WHEN topic = 'rollBack' THEN 'deployment'
    WHEN name = 'runs.decide' THEN 'decision'
    WHEN name = 'intake.submit' THEN 'intake'
    WHEN name = 'settings.set' THEN 'settings'
    WHEN name LIKE 'runs.%' THEN 'run'
    ELSE 'host' END;
  CREATE INDEX audit_by_kind ON audit (kind, id);
  CREATE UNIQUE INDEX audit_once ON audit (ref) WHERE ref IS NOT NULL;

  -- What each run that waits for approval was told of; rows go when the wait is over.
  CREATE TABLE reminder (
    workflow_id TEXT PRIMARY KEY,
    -- Names the wait: a run that was reset waits anew.
    wait TEXT NOT NULL,
    told_at TEXT, warned INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  -- Notices that came in quiet hours, until they are told together. One of a kind for a run is enough.
  CREATE TABLE held_notice (
    kind TEXT NOT NULL, subject TEXT NOT NULL, title TEXT NOT NULL, workflow_id TEXT, at TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
  ) STRICT;
  `,
  `
  -- What was asked for by id and acts once; without 'done_at' it was begun, and nobody knows what became of it.
  CREATE TABLE request (
    request_id TEXT PRIMARY KEY,
    deed TEXT NOT NULL,
    at TEXT NOT NULL,
    done_at TEXT
  ) STRICT;
  `,
]
