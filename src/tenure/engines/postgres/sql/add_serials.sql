-- In: $1 space; $2 kinds, $3 fields. Gives each serial a row, so that there is one to lock.
INSERT INTO tenure_serials (space, kind, field, last)
SELECT $1, k.kind, k.field, 0 FROM unnest($2::text[], $3::text[]) AS k (kind, field) ORDER BY k.kind, k.field
ON CONFLICT DO NOTHING
