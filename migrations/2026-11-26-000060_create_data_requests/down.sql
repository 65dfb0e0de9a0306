ALTER TABLE data_exports DROP CONSTRAINT data_exports_request, ADD COLUMN due_at timestamptz;
UPDATE data_exports SET due_at = asked_at + interval '72 hours';
ALTER TABLE data_exports ALTER COLUMN due_at SET NOT NULL;
COMMENT ON COLUMN data_exports.due_at IS 'When the law wants it to be ready: 3 times 24 hours after it was asked for (UU 27/2022 art. 32).';
CREATE INDEX data_exports_due_at_idx ON data_exports (due_at) WHERE state = 'preparing';
DROP TABLE data_requests;
