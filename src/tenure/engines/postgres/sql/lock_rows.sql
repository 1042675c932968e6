-- In: $1 space; $2 kinds, $3 ids, in order. Out: each record that is there, as it is once nobody else changes it;
-- all locked in this order, so that two batches never wait for each other.
SELECT r.record, r.look_at, r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at,
       r.changed_at, r.beaten_at, r.told, r.seen, r.fields, r.rest
FROM unnest($2::text[], $3::text[]) AS k (kind, id)
CROSS JOIN LATERAL (
    SELECT * FROM tenure_records AS r WHERE r.space = $1 AND r.kind = k.kind AND r.id = k.id AND NOT r.removed
    OFFSET 0
    FOR NO KEY UPDATE
) AS r
