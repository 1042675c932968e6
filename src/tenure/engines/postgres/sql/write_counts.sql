-- In: $1 space; arrays of $2 kind, $3 state, $4 difference. In the order of their keys, and in the last statement of a
-- batch: where two connections count in the same part, one waits for the other's commit, and for no more.
INSERT INTO tenure_counts AS c (space, kind, state, part, number)
SELECT $1, u.kind, u.state, pg_backend_pid() % 64, sum(u.number)
FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, state, number)
GROUP BY u.kind, u.state ORDER BY u.kind, u.state
ON CONFLICT (space, kind, state, part) DO UPDATE SET number = c.number + excluded.number
