-- In: $1 space; arrays of $2 at, $3 record.
DELETE FROM tenure_due AS t
USING (SELECT $1::integer AS space, u.* FROM unnest($2::bigint[], $3::bigint[]) AS u (at, record) OFFSET 0) AS u
WHERE t.space = u.space AND t.at = u.at AND t.record = u.record
