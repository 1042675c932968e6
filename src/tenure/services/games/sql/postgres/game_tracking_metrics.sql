-- What was detected in each hour, and what became of it.
SELECT
    date_trunc('hour', detected_at) AS hour,
    count(*) AS games_detected,
    count(*) FILTER (WHERE status = 'COMPLETED') AS games_completed,
    count(*) FILTER (WHERE status = 'ACTIVE') AS games_active,
    avg(duration_seconds) FILTER (WHERE status = 'COMPLETED') AS avg_duration,
    max(retry_count) AS max_retries,
    count(*) FILTER (WHERE retry_count > 0) AS games_with_retries
FROM tracked_games
GROUP BY date_trunc('hour', detected_at)
