-- In: $1 space; $2 kinds, $3 limits, $4 keys, in order. Out: each key that has a row, with how many hold it, locked.
SELECT k.kind, k.name, k.key, s.held
FROM unnest($2::text[], $3::text[], $4::text[]) AS k (kind, name, key)
CROSS JOIN LATERAL (
    SELECT held FROM tenure_slots AS s WHERE s.space = $1 AND s.kind = k.kind AND s.name = k.name AND s.key = k.key
    OFFSET 0
    FOR NO KEY UPDATE
) AS s
