DELETE FROM sessions WHERE first_factor = 'passkey';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_first_factor_check,
    ADD CONSTRAINT sessions_first_factor_check CHECK (first_factor IN ('password', 'operator'));
DROP TABLE passkey_ceremonies;
DROP TABLE passkeys;
