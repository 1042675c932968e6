-- In: $1 space; $2 JSON object of lists of the same length: record, beaten_at, seen, look_at. What a beat changes,
-- and nothing more.
UPDATE tenure_records AS r SET beaten_at = u.beaten_at, seen = u.seen, look_at = u.look_at
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (record bigint[], beaten_at bigint[], seen bigint[], look_at bigint[])
    CROSS JOIN LATERAL unnest(c.record, c.beaten_at, c.seen, c.look_at) AS u (record, beaten_at, seen, look_at)
    OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
