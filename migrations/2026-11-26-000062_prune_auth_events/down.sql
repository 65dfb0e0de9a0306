DROP TRIGGER auth_events_keep ON auth_events;
DROP TRIGGER auth_event_seals_keep ON auth_event_seals;
DROP FUNCTION keep_unless_pruned;
DROP TRIGGER auth_events_append_only ON auth_events;
CREATE TRIGGER auth_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TRIGGER auth_event_seals_append_only ON auth_event_seals;
CREATE TRIGGER auth_event_seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON auth_event_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
DROP TABLE auth_event_checkpoints;
