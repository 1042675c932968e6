-- In: $1 space; $2 JSON object of lists of the same length: at, record.
INSERT INTO tenure_due (space, at, record)
SELECT $1, u.*
FROM json_to_record($2::json) AS c (at bigint[], record bigint[])
CROSS JOIN LATERAL unnest(c.at, c.record) AS u (at, record)
ON CONFLICT DO NOTHING
