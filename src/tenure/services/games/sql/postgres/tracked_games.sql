-- Each game of each player in one row. `game_id` is the match id without its platform, as spectators are told it;
-- instants are in the time zone of the session, as a TIMESTAMP that defaults to now() has them.
SELECT
    g.number::integer AS id,
    p.number::integer AS player_id,
    substr(g.match, strpos(g.match, '_') + 1)::varchar AS game_id,
    (CASE g.state WHEN 'completed' THEN 'COMPLETED' WHEN 'abandoned' THEN 'ABANDONED' ELSE 'ACTIVE' END)::varchar
        AS status,
    g.created_at::timestamp AS detected_at,
    g.started_at::timestamptz::timestamp AS started_at,
    CASE WHEN g.state = 'completed' THEN g.entered_at::timestamp END AS completed_at,
    (:queue_type)::varchar AS queue_type,
    g.result::jsonb AS game_result_data,
    g.duration_seconds::integer AS duration_seconds,
    g.raw_api_response AS raw_api_response,
    g.last_error AS last_error,
    coalesce(g.retry_count, 0)::integer AS retry_count
FROM "TrackedGame" AS g
JOIN "TrackedPlayer" AS p ON p.id = g.player AND p.space = g.space
WHERE g.space = :space AND g.state <> 'dropped' AND p.state <> 'removed'
