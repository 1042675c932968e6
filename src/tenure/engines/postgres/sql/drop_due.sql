-- In: $1 space; $2 JSON object of lists of the same length: at, record.
DELETE FROM tenure_due AS t
USING (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (at bigint[], record bigint[])
    CROSS JOIN LATERAL unnest(c.at, c.record) AS u (at, record)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.at = u.at AND t.record = u.record
