-- In: $1 space; texts of arrays of the same length, $2 to $4: kind, state, number. They are added, in the order of
-- their keys: where two connections count in the same part, one waits for the other's commit.
INSERT INTO tenure_counts AS t (space, kind, state, part, number)
SELECT $1, u.kind, u.state, pg_backend_pid() % 64, sum(u.number)
FROM unnest($2::text::text[], $3::text::text[], $4::text::bigint[]) AS u (kind, state, number)
GROUP BY u.kind, u.state ORDER BY u.kind, u.state
ON CONFLICT (space, kind, state, part) DO UPDATE SET number = t.number + excluded.number
