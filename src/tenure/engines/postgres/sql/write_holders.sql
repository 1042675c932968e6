-- In: $1 space; texts of arrays of the same length, $2 to $5: kind, name, key, record.
INSERT INTO tenure_holders (space, kind, name, key, record)
SELECT $1, u.*
FROM unnest($2::text::text[], $3::text::text[], $4::text::text[], $5::text::bigint[]) AS u (kind, name, key, record)
ON CONFLICT DO NOTHING
