-- Up Migration

-- Every approval that a decision needed, in order: where a policy asks for several operators, the decision names the last.
CREATE TABLE approvals (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id text NOT NULL,
  run_id      text NOT NULL,
  decision_id text NOT NULL,
  reason      text NOT NULL,
  operator    text,
  host        text,
  via         text NOT NULL CHECK (via IN ('update', 'signal')),
  decided_at  timestamptz NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, run_id, decision_id)
);

-- Down Migration

DROP TABLE approvals;
