-- Each connection plans the queue's own statements once. Where the queue was short by then, it read all of it for each
-- job's key from there on, however long it grew: four times the cost at 25,000 jobs, until the next ANALYZE.
ALTER FUNCTION enqueue_jobs SET enable_seqscan = off;
