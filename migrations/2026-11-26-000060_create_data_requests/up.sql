CREATE TABLE data_requests (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN
        ('access', 'export', 'rectification', 'erasure', 'restriction', 'withdrawal', 'objection')),
    detail text CHECK (char_length(detail) BETWEEN 10 AND 2000),
    received_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    outcome text CHECK (outcome IN ('fulfilled', 'refused', 'withdrawn')),
    answer text CHECK (char_length(answer) BETWEEN 3 AND 2000),
    answered_by uuid REFERENCES users ON DELETE SET NULL,
    CONSTRAINT data_requests_due CHECK (kind = 'erasure' OR due_at - received_at = interval '72 hours'),
    CHECK ((done_at IS NULL) = (outcome IS NULL)),
    CHECK (outcome IS NOT NULL OR (answer IS NULL AND answered_by IS NULL))
);
COMMENT ON TABLE data_requests IS
    'What people asked for by their rights over their data (UU 27/2022), by which the statutory clocks are kept.';
COMMENT ON COLUMN data_requests.due_at IS
    'When the law wants it done: 3 times 24 hours after it came; of an erasure, after the days in which it can be taken back.';
COMMENT ON COLUMN data_requests.outcome IS 'Withdrawn: by whoever asked, or because the account is gone.';
CREATE INDEX data_requests_user_id_idx ON data_requests (user_id, id);
CREATE INDEX data_requests_answered_by_idx ON data_requests (answered_by);
CREATE INDEX data_requests_received_at_idx ON data_requests (received_at, id);
CREATE INDEX data_requests_open_idx ON data_requests (due_at) WHERE done_at IS NULL;

-- An export is a request with what came of it: their clock is one.
INSERT INTO data_requests (id, user_id, kind, received_at, due_at, done_at, outcome)
    SELECT id, user_id, 'export', asked_at, asked_at + interval '72 hours', ready_at,
           CASE WHEN ready_at IS NOT NULL THEN 'fulfilled' END
    FROM data_exports;
DROP INDEX data_exports_due_at_idx;
ALTER TABLE data_exports
    DROP COLUMN due_at,
    ADD CONSTRAINT data_exports_request FOREIGN KEY (id) REFERENCES data_requests ON DELETE CASCADE;
