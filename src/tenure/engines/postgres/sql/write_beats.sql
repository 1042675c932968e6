-- In: $1 space; arrays of $2 record, $3 beaten_at, $4 seen, $5 look_at. What a beat changes, and nothing more.
UPDATE tenure_records AS r SET beaten_at = u.beaten_at, seen = u.seen, look_at = u.look_at
FROM (
    SELECT $1::integer AS space, u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u (record, beaten_at, seen, look_at) OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
