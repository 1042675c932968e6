-- In: $1 space; $2 kinds, $3 fields. Out: the last number given out of each serial that has one.
SELECT k.kind, k.field, s.last
FROM unnest($2::text[], $3::text[]) AS k (kind, field)
CROSS JOIN LATERAL (
    SELECT last FROM tenure_serials AS s WHERE s.space = $1 AND s.kind = k.kind AND s.field = k.field
    OFFSET 0
) AS s
