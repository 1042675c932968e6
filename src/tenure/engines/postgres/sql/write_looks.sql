-- In: $1 space; arrays of $2 record, $3 look_at.
UPDATE tenure_records AS r SET look_at = u.look_at
FROM (
    SELECT $1::integer AS space, u.* FROM unnest($2::bigint[], $3::bigint[]) AS u (record, look_at) OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
