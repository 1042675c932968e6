-- In: $1 space; arrays of $2 kind, $3 name, $4 key, $5 record.
INSERT INTO tenure_holders (space, kind, name, key, record)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (kind, name, key, record)
ON CONFLICT DO NOTHING
