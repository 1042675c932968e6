-- In: $1 space; $2 JSON object of lists of the same length: kind, state, number. They are added, in the order of
-- their keys: where two connections count in the same part, one waits for the other's commit.
INSERT INTO tenure_counts AS t (space, kind, state, part, number)
SELECT $1, u.kind, u.state, pg_backend_pid() % 64, sum(u.number)
FROM json_to_record($2::json) AS c (kind text[], state text[], number bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.state, c.number) AS u (kind, state, number)
GROUP BY u.kind, u.state ORDER BY u.kind, u.state
ON CONFLICT (space, kind, state, part) DO UPDATE SET number = t.number + excluded.number
