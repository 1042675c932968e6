-- In: $1 space; arrays of $2 kind, $3 field, $4 last. All have a row, which is locked.
UPDATE tenure_serials AS t SET last = u.last
FROM (
    SELECT $1::integer AS space, u.*
    FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, field, last) OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.field = u.field
