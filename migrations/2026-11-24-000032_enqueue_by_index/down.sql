ALTER FUNCTION enqueue_jobs RESET enable_seqscan;
