-- In: $1 space; $2 JSON object of lists of the same length: kind, field, last. All have a row, which is locked.
UPDATE tenure_serials AS t SET last = u.last
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], field text[], last bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.field, c.last) AS u (kind, field, last)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.field = u.field
