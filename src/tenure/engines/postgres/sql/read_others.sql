-- In: arrays of $1 and $2 positions between which others may have written; $3 most. Out: the space's name, then the
-- event, in order.
SELECT s.name, e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op,
       e.note, e.unread
FROM unnest($1::bigint[], $2::bigint[]) AS g (low, high)
CROSS JOIN LATERAL (
    SELECT * FROM tenure_events AS e WHERE e.position > g.low AND e.position < g.high
     AND e.day >= g.low / 86400000000 AND e.day <= g.high / 86400000000 OFFSET 0
) AS e
CROSS JOIN LATERAL (SELECT r.kind, r.id FROM tenure_records AS r WHERE r.record = e.record OFFSET 0) AS r
JOIN tenure_spaces AS s ON s.space = e.space
ORDER BY e.position LIMIT $3
