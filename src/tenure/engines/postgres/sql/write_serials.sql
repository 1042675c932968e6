-- In: $1 space; $2 JSON object of lists of the same length: kind, field, last. All have a row, which is locked.
UPDATE tenure_serials AS t SET last = u.last
FROM (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (kind text[], field text[], last bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.field, c.last) AS u (kind, field, last)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_serials AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.field = u.field OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
