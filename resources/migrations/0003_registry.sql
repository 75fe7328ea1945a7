-- Up Migration

-- What a model was made of, beside its experiment.
ALTER TABLE model_versions ADD COLUMN pipeline text;
ALTER TABLE model_versions ADD COLUMN settings jsonb NOT NULL DEFAULT '{}';
ALTER TABLE model_versions ADD COLUMN code_version text;
ALTER TABLE model_versions ADD COLUMN baseline jsonb;
ALTER TABLE model_versions ADD COLUMN report_sha256 text;
CREATE INDEX model_versions_created ON model_versions (created_at, id);

-- A deployment is a run's, or an operator's who went back to an earlier model. Such a model may come from a run that this
-- database does not know.
ALTER TABLE deployments ADD COLUMN kind text NOT NULL DEFAULT 'run' CHECK (kind IN ('run', 'roll_back'));
ALTER TABLE deployments ADD COLUMN request_id text;
ALTER TABLE deployments ADD COLUMN operator text;
ALTER TABLE deployments ADD COLUMN host text;
ALTER TABLE deployments ADD COLUMN reason text;
ALTER TABLE deployments ADD COLUMN decided_at timestamptz;
ALTER TABLE deployments ALTER COLUMN workflow_id DROP NOT NULL;
ALTER TABLE deployments ALTER COLUMN run_id DROP NOT NULL;
ALTER TABLE deployments DROP CONSTRAINT deployments_workflow_id_run_id_environment_key;
CREATE UNIQUE INDEX deployments_run ON deployments (workflow_id, run_id, environment) WHERE kind = 'run';
CREATE UNIQUE INDEX deployments_roll_back ON deployments (request_id) WHERE kind = 'roll_back';
ALTER TABLE deployments ADD CONSTRAINT deployments_are_explained CHECK (
  CASE kind
    WHEN 'run' THEN workflow_id IS NOT NULL AND run_id IS NOT NULL
    ELSE request_id IS NOT NULL AND operator IS NOT NULL AND reason IS NOT NULL AND decided_at IS NOT NULL
  END
);

-- Down Migration

DELETE FROM deployments WHERE kind = 'roll_back';
ALTER TABLE deployments DROP CONSTRAINT deployments_are_explained;
DROP INDEX deployments_roll_back;
DROP INDEX deployments_run;
ALTER TABLE deployments ADD CONSTRAINT deployments_workflow_id_run_id_environment_key UNIQUE (workflow_id, run_id, environment);
ALTER TABLE deployments ALTER COLUMN run_id SET NOT NULL;
ALTER TABLE deployments ALTER COLUMN workflow_id SET NOT NULL;
ALTER TABLE deployments DROP COLUMN decided_at;
ALTER TABLE deployments DROP COLUMN reason;
ALTER TABLE deployments DROP COLUMN host;
ALTER TABLE deployments DROP COLUMN operator;
ALTER TABLE deployments DROP COLUMN request_id;
ALTER TABLE deployments DROP COLUMN kind;
DROP INDEX model_versions_created;
ALTER TABLE model_versions DROP COLUMN report_sha256;
ALTER TABLE model_versions DROP COLUMN baseline;
ALTER TABLE model_versions DROP COLUMN code_version;
ALTER TABLE model_versions DROP COLUMN settings;
ALTER TABLE model_versions DROP COLUMN pipeline;
