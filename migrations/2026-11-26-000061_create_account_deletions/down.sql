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
    PERFORM 1 FROM businesses WHERE id = target FOR UPDATE;
    IF FOUND AND NOT EXISTS (SELECT FROM business_members WHERE business_id = target AND role = 'owner') THEN
        RAISE EXCEPTION 'business % has no owner', target
            USING ERRCODE = 'check_violation', CONSTRAINT = 'businesses_have_an_owner';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER users_keep_closing ON users;
DROP FUNCTION keep_closing;
DROP TABLE account_deletions;

UPDATE sessions SET revoke_reason = 'logout' WHERE revoke_reason = 'account_closing';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_revoke_reason_check,
    ADD CONSTRAINT sessions_revoke_reason_check CHECK (revoke_reason IN
        ('logout', 'reuse', 'replaced', 'locked', 'credential_change', 'admin'));
UPDATE users SET state = 'active' WHERE state = 'closing';
ALTER TABLE users
    DROP CONSTRAINT users_state_check,
    ADD CONSTRAINT users_state_check CHECK (state IN ('active', 'locked', 'deleted'));
