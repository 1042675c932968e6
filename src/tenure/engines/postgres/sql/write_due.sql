-- In: $1 space; arrays of $2 at, $3 record.
INSERT INTO tenure_due (space, at, record)
SELECT $1, u.* FROM unnest($2::bigint[], $3::bigint[]) AS u (at, record)
ON CONFLICT DO NOTHING
