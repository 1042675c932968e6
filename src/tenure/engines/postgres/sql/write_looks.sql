-- In: $1 space; $2 JSON object of lists of the same length: record, look_at.
UPDATE tenure_records AS r SET look_at = u.look_at
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (record bigint[], look_at bigint[])
    CROSS JOIN LATERAL unnest(c.record, c.look_at) AS u (record, look_at)
    OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
