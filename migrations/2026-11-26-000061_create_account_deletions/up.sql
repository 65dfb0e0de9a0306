ALTER TABLE users
    DROP CONSTRAINT users_state_check,
    ADD CONSTRAINT users_state_check CHECK (state IN ('active', 'locked', 'closing', 'deleted'));
ALTER TABLE sessions
    DROP CONSTRAINT sessions_revoke_reason_check,
    ADD CONSTRAINT sessions_revoke_reason_check CHECK (revoke_reason IN
        ('logout', 'reuse', 'replaced', 'locked', 'credential_change', 'admin', 'account_closing'));

CREATE TABLE account_deletions (
    id uuid PRIMARY KEY CONSTRAINT account_deletions_request REFERENCES data_requests ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    state text NOT NULL CHECK (state IN ('pending', 'cancelled', 'done')),
    asked_at timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    ended_at timestamptz,
    paused_businesses uuid[] NOT NULL DEFAULT '{}',
    farewell_sealed bytea,
    CHECK (effective_at > asked_at),
    CHECK ((state = 'pending') = (ended_at IS NULL)),
    CHECK (farewell_sealed IS NULL OR state = 'done')
);
COMMENT ON TABLE account_deletions IS
    'Accounts that are closed because their owners want them deleted, until they are, and what came of it.';
COMMENT ON COLUMN account_deletions.effective_at IS 'From then on everything personal is erased; until then it can be taken back.';
COMMENT ON COLUMN account_deletions.paused_businesses IS 'What was hidden with the account, and is shown again if it stays.';
COMMENT ON COLUMN account_deletions.farewell_sealed IS
    'Address, name and language for the last mail, under a key from the master key; gone as soon as that is sent.';
CREATE UNIQUE INDEX account_deletions_pending_key ON account_deletions (user_id) WHERE state = 'pending';
CREATE INDEX account_deletions_user_id_idx ON account_deletions (user_id, asked_at);

-- Staff who unlock an account that was about to be deleted do not open it again.
CREATE FUNCTION keep_closing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM account_deletions WHERE user_id = NEW.id AND state = 'pending') THEN
        NEW.state := 'closing';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER users_keep_closing BEFORE UPDATE OF state ON users
    FOR EACH ROW WHEN (OLD.state = 'locked' AND NEW.state = 'active') EXECUTE FUNCTION keep_closing();

-- A business that was deleted needs no owner: the account may go too.
CREATE OR REPLACE FUNCTION require_business_owner() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    target uuid;
BEGIN
    IF TG_TABLE_NAME = 'businesses' THEN
        target := NEW.id;
    ELSE
        target := OLD.business_id;
    END IF;
    -- Two owners who leave at the same moment must see each other.
    PERFORM 1 FROM businesses WHERE id = target AND deleted_at IS NULL FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM business_members WHERE business_id = target AND role = 'owner') THEN
        RAISE EXCEPTION 'business % has no owner', target
            USING ERRCODE = 'check_violation', CONSTRAINT = 'businesses_have_an_owner';
    END IF;
    RETURN NULL;
END $$;
