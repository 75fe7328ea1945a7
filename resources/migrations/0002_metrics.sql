-- Up Migration

-- Which figures there are depends on the task, so they are kept as they come; the three columns stay for the tools that
-- read them, and are empty where a model has no such figure.
ALTER TABLE experiments ADD COLUMN task text CHECK (task IN ('regression', 'binary', 'multiclass'));
ALTER TABLE experiments ADD COLUMN metrics jsonb;
ALTER TABLE experiments ALTER COLUMN accuracy DROP NOT NULL;
ALTER TABLE experiments ALTER COLUMN mae DROP NOT NULL;
ALTER TABLE experiments ALTER COLUMN r2 DROP NOT NULL;
UPDATE experiments SET metrics = jsonb_build_object('accuracy', accuracy, 'mae', mae, 'r2', r2);
ALTER TABLE experiments ALTER COLUMN metrics SET NOT NULL;

-- Down Migration

DELETE FROM model_versions WHERE experiment_id IN (SELECT id FROM experiments WHERE accuracy IS NULL OR mae IS NULL OR r2 IS NULL);
DELETE FROM experiments WHERE accuracy IS NULL OR mae IS NULL OR r2 IS NULL;
ALTER TABLE experiments DROP COLUMN metrics;
ALTER TABLE experiments DROP COLUMN task;
ALTER TABLE experiments ALTER COLUMN accuracy SET NOT NULL;
ALTER TABLE experiments ALTER COLUMN mae SET NOT NULL;
ALTER TABLE experiments ALTER COLUMN r2 SET NOT NULL;
