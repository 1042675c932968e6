-- In: $1 space, $2 how many positions, $3 now (empty: the server's clock), $4 op ids. Out: now, the first position,
-- and what is credited; then each op id that is kept, its digest and answer. Always a row. To be run when all is
-- locked: an op id that another batch was applying is seen only then.
SELECT d.now, d.first, s.swept_at, s.alive_until, s.outages, o.op, o.digest, o.answer
FROM tenure_draw($2, $3) AS d CROSS JOIN tenure_enter($1)
JOIN tenure_spaces AS s ON s.space = $1
LEFT JOIN LATERAL (
    SELECT o.op, o.digest, o.answer FROM unnest($4::text[]) AS k (op)
    CROSS JOIN LATERAL (SELECT * FROM tenure_ops AS o WHERE o.space = $1 AND o.op = k.op OFFSET 0) AS o
) AS o ON true
