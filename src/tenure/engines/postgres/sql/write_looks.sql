-- In: $1 space; $2 JSON object of lists of the same length: record, look_at.
UPDATE tenure_records AS r SET look_at = u.look_at
FROM (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (record bigint[], look_at bigint[])
    CROSS JOIN LATERAL unnest(c.record, c.look_at) AS u (record, look_at)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
