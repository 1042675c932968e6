-- In: $1 space; arrays of $2 record, $3 kind, $4 state, $5 look_at. What is left of them is where their history hangs.
UPDATE tenure_records AS r SET state = NULL, removed = true, look_at = u.look_at, fields = '{}', rest = '{}'
FROM (
    SELECT $1::integer AS space, u.* FROM unnest($2::bigint[], $3::text[], $4::text[], $5::bigint[]) AS u (record, kind, state, look_at) OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
