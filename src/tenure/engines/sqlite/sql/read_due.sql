-- In: ?1 space, ?2 now, ?3 instant and ?4 record after which to go on, ?5 most. Out: what is to be looked at.
SELECT d.at, r.record, r.look_at, r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at,
       r.changed_at, r.beaten_at, r.told, r.seen, r.fields, r.rest
FROM tenure_due AS d CROSS JOIN tenure_records AS r ON r.record = d.record
WHERE d.space = ?1 AND d.at <= ?2 AND (d.at, d.record) > (?3, ?4)
ORDER BY d.space, d.at, d.record LIMIT ?5
