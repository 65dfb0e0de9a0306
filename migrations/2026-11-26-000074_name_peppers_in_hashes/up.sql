-- A hash names its pepper itself, in the keyid of its PHC string.
ALTER TABLE passwords DROP COLUMN pepper_id;
COMMENT ON COLUMN passwords.phc IS 'PHC string: algorithm, parameters, name of the pepper if there is one, salt and hash.';
