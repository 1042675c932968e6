-- In: $1 space, $2 now (empty: the server's clock), $3 op ids. Out: as `begin_batch`, but nothing is drawn; the
-- position is the one after the last. The clock never goes back.
SELECT greatest(c.last_value, coalesce($2, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)) AS now,
       p.last_value + 1 AS first,
       coalesce(s.swept_at, 0), coalesce(s.alive_until, 0), coalesce(s.outages, '[]'), o.op, o.digest, o.answer
FROM tenure_clock AS c CROSS JOIN tenure_positions AS p
LEFT JOIN tenure_spaces AS s ON s.space = $1
LEFT JOIN LATERAL (
    SELECT o.op, o.digest, o.answer FROM unnest($3::text[]) AS k (op)
    CROSS JOIN LATERAL (SELECT * FROM tenure_ops AS o WHERE o.space = $1 AND o.op = k.op OFFSET 0) AS o
) AS o ON true
