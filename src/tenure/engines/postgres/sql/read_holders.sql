-- In: $1 space; $2 kinds, $3 limits, $4 keys; $5 most of each. Out: kind, limit, key and id of those that hold a
-- slot.
SELECT k.kind, k.name, k.key, r.id
FROM unnest($2::text[], $3::text[], $4::text[]) AS k (kind, name, key)
CROSS JOIN LATERAL (
    SELECT record FROM tenure_holders AS h
    WHERE h.space = $1 AND h.kind = k.kind AND h.name = k.name AND h.key = k.key ORDER BY record LIMIT $5
) AS h
JOIN tenure_records AS r ON r.record = h.record
ORDER BY h.record
