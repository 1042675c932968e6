-- Each game of each player in one row. `game_id` is the match id without its platform, as spectators are told it;
-- instants are texts in UTC, as SQLite's own functions take them.
SELECT
    g.number AS id,
    p.number AS player_id,
    substr(g.match, instr(g.match, '_') + 1) AS game_id,
    CASE g.state WHEN 'completed' THEN 'COMPLETED' WHEN 'abandoned' THEN 'ABANDONED' ELSE 'ACTIVE' END AS status,
    g.created_at AS detected_at,
    strftime('%Y-%m-%d %H:%M:%f', g.started_at) AS started_at,
    CASE WHEN g.state = 'completed' THEN g.entered_at END AS completed_at,
    :queue_type AS queue_type,
    g.result AS game_result_data,
    g.duration_seconds AS duration_seconds,
    g.raw_api_response AS raw_api_response,
    g.last_error AS last_error,
    coalesce(g.retry_count, 0) AS retry_count
FROM "TrackedGame" AS g
JOIN "TrackedPlayer" AS p ON p.id = g.player AND p.space = g.space
WHERE g.space = :space AND g.state <> 'dropped' AND p.state <> 'removed'
