-- In: $1 space; $2 JSON object of lists of the same length: at, record.
DELETE FROM tenure_due AS t
USING (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (at bigint[], record bigint[])
    CROSS JOIN LATERAL unnest(c.at, c.record) AS u (at, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_due AS p
        WHERE p.space = $1 AND p.at = u.at AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
