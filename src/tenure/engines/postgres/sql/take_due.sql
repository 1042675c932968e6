-- In: $1 space, $2 now, $3 instant and $4 record after which to go on, $5 most. Out: when to look, then the record,
-- of what is to be looked at and what nobody else has locked, locked.
SELECT d.at, r.record, r.look_at, r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at,
       r.changed_at, r.beaten_at, r.told, r.seen, r.fields, r.rest
FROM tenure_due AS d
CROSS JOIN LATERAL (
    SELECT * FROM tenure_records AS r WHERE r.record = d.record OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED
) AS r
WHERE d.space = $1 AND d.at <= $2 AND (d.at, d.record) > ($3, $4)
ORDER BY d.at, d.record LIMIT $5
