-- In: $1 space, $2 for how long a sweeper counts as alive, $3 now (empty: the server's clock). Out: now; no row, if
-- no sweeper was alive: then `end_outage` is to be used.
UPDATE tenure_spaces AS s SET swept_at = t.now, alive_until = greatest(s.alive_until, t.now + $2)
FROM (
    SELECT greatest(c.last_value, coalesce($3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)) AS now
    FROM tenure_clock AS c CROSS JOIN tenure_enter($1)
) AS t
WHERE s.space = $1 AND t.now <= s.alive_until
RETURNING t.now
