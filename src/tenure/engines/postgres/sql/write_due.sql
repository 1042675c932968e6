-- In: $1 space; texts of arrays of the same length, $2 to $3: at, record.
INSERT INTO tenure_due (space, at, record)
SELECT $1, u.*
FROM unnest($2::text::bigint[], $3::text::bigint[]) AS u (at, record)
ON CONFLICT DO NOTHING
