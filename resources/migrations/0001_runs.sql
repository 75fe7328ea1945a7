-- Up Migration

-- One row per logged run, with the columns that other tools query.
CREATE TABLE experiments (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id      text NOT NULL,
  run_id           text NOT NULL,
  file_name        text NOT NULL,
  dataset_sha256   text NOT NULL,
  rows             bigint NOT NULL,
  target           text NOT NULL,
  model_id         text NOT NULL,
  trainer          text NOT NULL,
  accuracy         double precision NOT NULL,
  mae              double precision NOT NULL,
  r2               double precision NOT NULL,
  training_seconds double precision NOT NULL,
  params           jsonb NOT NULL,
  started_at       timestamptz NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, run_id)
);
CREATE INDEX experiments_dataset ON experiments (dataset_sha256);
CREATE INDEX experiments_created ON experiments (created_at);

CREATE TABLE model_versions (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  experiment_id  bigint NOT NULL REFERENCES experiments (id),
  workflow_id    text NOT NULL,
  run_id         text NOT NULL,
  model_id       text NOT NULL,
  model_sha256   text NOT NULL,
  size_bytes     bigint NOT NULL,
  trainer        text NOT NULL,
  dataset_sha256 text NOT NULL,
  created_at     timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, run_id)
);
CREATE INDEX model_versions_model ON model_versions (model_id);

-- What stands where: the newest row of an environment is what it serves.
CREATE TABLE deployments (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id  text NOT NULL,
  run_id       text NOT NULL,
  environment  text NOT NULL,
  model_id     text NOT NULL,
  model_sha256 text NOT NULL,
  url          text NOT NULL,
  deployed_at  timestamptz NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, run_id, environment)
);
CREATE INDEX deployments_environment ON deployments (environment, deployed_at);

-- The audit: written once per run, never changed.
CREATE TABLE decisions (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workflow_id text NOT NULL,
  run_id      text NOT NULL,
  decision_id text NOT NULL,
  decision    text NOT NULL CHECK (decision IN ('approve', 'reject', 'timeout')),
  reason      text NOT NULL,
  operator    text,
  host        text,
  via         text NOT NULL CHECK (via IN ('update', 'signal', 'timer')),
  model_id    text NOT NULL,
  decided_at  timestamptz NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  UNIQUE (workflow_id, run_id)
);

-- Down Migration

DROP TABLE decisions;
DROP TABLE deployments;
DROP TABLE model_versions;
DROP TABLE experiments;
