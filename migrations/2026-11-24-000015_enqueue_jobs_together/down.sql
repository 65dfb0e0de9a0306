DROP FUNCTION enqueue_jobs;
