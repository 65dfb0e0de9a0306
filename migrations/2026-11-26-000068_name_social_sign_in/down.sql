
COMMENT ON TABLE sign_in_challenges IS
    'Sign-ins whose password was right and that wait for a second factor. They go with a change of the password.';
ALTER TABLE sign_in_challenges DROP COLUMN first_factor;

DELETE FROM sessions WHERE first_factor = 'social';
ALTER TABLE sessions
    DROP CONSTRAINT sessions_first_factor_check,
    ADD CONSTRAINT sessions_first_factor_check CHECK (first_factor IN ('password', 'operator', 'passkey'));
