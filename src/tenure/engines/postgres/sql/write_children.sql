-- In: $1 space; texts of arrays of the same length, $2 to $4: kind, id, record.
INSERT INTO tenure_children (space, kind, id, record)
SELECT $1, u.*
FROM unnest($2::text::text[], $3::text::text[], $4::text::bigint[]) AS u (kind, id, record)
ON CONFLICT DO NOTHING
