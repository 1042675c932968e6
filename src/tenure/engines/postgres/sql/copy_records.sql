-- In: $1 space, $2 record after which to read, $3 most. Out: record, born, removed, look_at, then the row's columns.
SELECT r.record, r.born, r.removed, r.look_at,
       r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
       r.told, r.seen, r.fields, r.rest
FROM tenure_records AS r WHERE r.space = $1 AND r.record > $2 ORDER BY r.record LIMIT $3
