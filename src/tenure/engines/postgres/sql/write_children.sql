-- In: $1 space; arrays of $2 kind, $3 id, $4 record.
INSERT INTO tenure_children (space, kind, id, record)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, id, record)
ON CONFLICT DO NOTHING
