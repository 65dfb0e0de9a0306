-- Adds jobs in one statement. The queue's own function takes an array of a composite type, which the query builder
-- cannot make. plpgsql, so that the queue's schema may come later than this.
CREATE FUNCTION enqueue_jobs(
    identifiers text[], payloads json[], queues text[], delays interval[], keys text[], max_attempts integer
) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    PERFORM graphile_worker.add_jobs(array(
        SELECT (
            job.identifier, job.payload, job.queue, now() + job.delay, max_attempts::smallint, job.key, NULL, NULL
        )::graphile_worker.job_spec
        FROM unnest(identifiers, payloads, queues, delays, keys)
            WITH ORDINALITY AS job(identifier, payload, queue, delay, key, position)
        ORDER BY job.position
    ));
    RETURN cardinality(identifiers);
END;
$$;
