-- In: ?1 space; ?2 JSON array of [kind, id]. Out: one JSON array of the records that are there, so that SQLite reads
-- them all in one step, without the interpreter.
SELECT json_group_array(json_array(
    r.record, r.look_at, r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at,
    r.changed_at, r.beaten_at, r.told, r.seen, json(r.fields), r.rest
))
FROM jsonb_each(?2) AS k
CROSS JOIN tenure_records AS r ON r.space = ?1 AND r.kind = k.value->>0 AND r.id = k.value->>1 AND r.removed = 0
