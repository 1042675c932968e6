-- Each game of each player in one row. `game_id` is the match id without its platform, as spectators are told it;
-- instants are in the time zone of the session, as a TIMESTAMP that defaults to now() has them.
--
-- The planner knows how many records a state has, and nothing of what a CASE gives: so states are joined. What stands
-- before an OFFSET is worked out once for each row; else each comparison of a join would read the fields anew. No value
-- of one row may fail: each query of all rows would.
SELECT
    g.number::integer AS id,
    p.number AS player_id,
    substr(g.match, strpos(g.match, '_') + 1)::varchar AS game_id,
    s.status::varchar AS status,
    g.created_at::timestamp AS detected_at,
    g.started_at::timestamptz::timestamp AS started_at,
    CASE WHEN g.state = 'completed' THEN g.entered_at::timestamp END AS completed_at,
    (:queue_type)::varchar AS queue_type,
    g.result::jsonb AS game_result_data,
    least(g.duration_seconds, 2147483647)::integer AS duration_seconds,
    g.raw_api_response AS raw_api_response,
    g.last_error AS last_error,
    coalesce(g.retry_count, 0)::integer AS retry_count
FROM "TrackedGame" AS g
JOIN (
    VALUES ('playing', 'ACTIVE'), ('awaiting', 'ACTIVE'), ('completed', 'COMPLETED'), ('abandoned', 'ABANDONED')
) AS s (state, status) ON s.state = g.state
JOIN (
    SELECT id, number::integer AS number
    FROM "TrackedPlayer"
    WHERE space = :space AND state <> 'removed'
    OFFSET 0
) AS p ON p.id = g.player
WHERE g.space = :space
