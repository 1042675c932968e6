-- In: $1 space. Out: all records, each with the version of its last event.
SELECT r.record, r.look_at, (SELECT max(e.version) FROM tenure_events AS e WHERE e.record = r.record),
       r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
       r.told, r.seen, r.fields, r.rest
FROM tenure_records AS r WHERE r.space = $1 AND NOT r.removed
