CREATE TABLE booking_feedback (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    mentor_id uuid NOT NULL REFERENCES mentors ON DELETE CASCADE,
    author_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    side text NOT NULL CHECK (side IN ('mentor', 'mentee')),
    rating smallint NOT NULL CHECK (rating BETWEEN 1 AND 5),
    body text CHECK (char_length(body) BETWEEN 1 AND 2000),
    tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(tags) <= 6 AND tags <@ ARRAY[
        'punctual', 'prepared', 'clear', 'practical', 'friendly', 'knowledgeable']),
    reveal_at timestamptz NOT NULL CHECK (isfinite(reveal_at)),
    counted boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    CONSTRAINT booking_feedback_once UNIQUE (booking_id, side),
    CHECK (side = 'mentee' OR NOT counted)
);
COMMENT ON COLUMN booking_feedback.reveal_at IS 'From then on the other side may read it.';
COMMENT ON COLUMN booking_feedback.counted IS 'Whether the rating of the mentor holds it; the public sees it if so.';
CREATE INDEX booking_feedback_mentor_id_idx ON booking_feedback (mentor_id, reveal_at, id);
CREATE INDEX booking_feedback_author_id_idx ON booking_feedback (author_id);

CREATE TABLE booking_agendas (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    items jsonb NOT NULL CHECK (jsonb_typeof(items) = 'array' AND jsonb_array_length(items) <= 20),
    updated_by uuid REFERENCES users ON DELETE SET NULL,
    version integer NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX booking_agendas_updated_by_idx ON booking_agendas (updated_by);

CREATE TABLE booking_notes (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    author_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    visibility text NOT NULL CHECK (visibility IN ('private', 'shared')),
    body text NOT NULL CHECK (char_length(body) BETWEEN 1 AND 8000),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON COLUMN booking_notes.visibility IS 'A private note is for its author alone.';
CREATE INDEX booking_notes_booking_id_idx ON booking_notes (booking_id, id);
CREATE INDEX booking_notes_author_id_idx ON booking_notes (author_id);

CREATE TABLE booking_disputes (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    opened_by uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    accused text NOT NULL CHECK (accused IN ('mentor', 'mentee')),
    statement text NOT NULL CHECK (char_length(statement) BETWEEN 10 AND 2000),
    opened_at timestamptz NOT NULL,
    outcome text CHECK (outcome IN ('completed', 'no_show')),
    note text CHECK (char_length(note) BETWEEN 1 AND 2000),
    resolved_by uuid REFERENCES users ON DELETE SET NULL,
    resolved_at timestamptz,
    CHECK ((outcome IS NULL) = (resolved_at IS NULL)),
    CHECK (outcome IS NOT NULL OR (note IS NULL AND resolved_by IS NULL))
);
COMMENT ON TABLE booking_disputes IS 'What somebody who is said to have missed a session says about it, and what staff decided.';
CREATE INDEX booking_disputes_opened_at_idx ON booking_disputes (opened_at, booking_id);
CREATE INDEX booking_disputes_opened_by_idx ON booking_disputes (opened_by);
CREATE INDEX booking_disputes_resolved_by_idx ON booking_disputes (resolved_by);

CREATE TABLE mentorships (
    id uuid PRIMARY KEY,
    mentor_id uuid NOT NULL REFERENCES mentors ON DELETE CASCADE,
    mentee_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    proposed_by text NOT NULL CHECK (proposed_by IN ('mentor', 'mentee')),
    state text NOT NULL CHECK (state IN ('proposed', 'active', 'declined', 'expired', 'ended')),
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    focus text NOT NULL CHECK (char_length(focus) BETWEEN 3 AND 500),
    mentor_agreed_at timestamptz,
    mentee_agreed_at timestamptz,
    ended_by text CHECK (ended_by IN ('mentor', 'mentee', 'staff', 'system')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (mentor_id <> mentee_id),
    CHECK (ends_on - starts_on BETWEEN 28 AND 364),
    CHECK (state <> 'active' OR (mentor_agreed_at IS NOT NULL AND mentee_agreed_at IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_by IS NOT NULL))
);
COMMENT ON COLUMN mentorships.mentor_agreed_at IS 'When the mentor accepted the agreement on conduct and confidentiality.';
CREATE UNIQUE INDEX mentorships_live_key ON mentorships (mentor_id, mentee_id) WHERE state IN ('proposed', 'active');
CREATE INDEX mentorships_mentor_id_idx ON mentorships (mentor_id, id);
CREATE INDEX mentorships_mentee_id_idx ON mentorships (mentee_id, id);

CREATE TABLE mentorship_goals (
    id uuid PRIMARY KEY,
    mentorship_id uuid NOT NULL REFERENCES mentorships ON DELETE CASCADE,
    title text NOT NULL CHECK (char_length(title) BETWEEN 3 AND 120),
    description text CHECK (char_length(description) BETWEEN 1 AND 2000),
    target_on date CHECK (isfinite(target_on)),
    status text NOT NULL CHECK (status IN ('open', 'reached', 'dropped')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX mentorship_goals_mentorship_id_idx ON mentorship_goals (mentorship_id, id);

CREATE TABLE action_items (
    id uuid PRIMARY KEY,
    goal_id uuid NOT NULL REFERENCES mentorship_goals ON DELETE CASCADE,
    text text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 500),
    due_on date CHECK (isfinite(due_on)),
    assignee text NOT NULL CHECK (assignee IN ('mentor', 'mentee')),
    done_at timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX action_items_goal_id_idx ON action_items (goal_id, id);

CREATE TABLE certificates (
    id uuid PRIMARY KEY,
    code text NOT NULL CHECK (code ~ '^KRY-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$'),
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    holder_name text NOT NULL CHECK (char_length(holder_name) BETWEEN 1 AND 100),
    side text NOT NULL CHECK (side IN ('mentor', 'mentee')),
    first_on date NOT NULL,
    last_on date NOT NULL,
    minutes integer NOT NULL CHECK (minutes > 0),
    sessions integer NOT NULL CHECK (sessions > 0),
    themes text[] NOT NULL DEFAULT '{}' CHECK (cardinality(themes) <= 17),
    issued_on date NOT NULL,
    issued_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (first_on <= last_on)
);
COMMENT ON TABLE certificates IS 'Mentoring as it stood when the certificate was issued; later changes do not change it.';
COMMENT ON COLUMN certificates.code IS 'Public: whoever holds it may verify the certificate.';
COMMENT ON COLUMN certificates.first_on IS 'Day of the first session, on the holder''s calendar.';
CREATE UNIQUE INDEX certificates_code_key ON certificates (code);
CREATE INDEX certificates_user_id_idx ON certificates (user_id, id);
