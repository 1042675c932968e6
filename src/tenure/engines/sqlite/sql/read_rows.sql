-- In: ?1 space; ?2 JSON array of [kind, id]. Out: each record that is there.
SELECT r.record, r.look_at, r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at,
       r.changed_at, r.beaten_at, r.told, r.seen, r.fields, r.rest
FROM jsonb_each(?2) AS k
CROSS JOIN tenure_records AS r ON r.space = ?1 AND r.kind = k.value->>0 AND r.id = k.value->>1 AND r.removed = 0
