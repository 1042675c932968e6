-- In: $1 space; $2 kinds, $3 limits, $4 keys. Gives each key a row that nobody holds, so that there is one to lock.
INSERT INTO tenure_slots (space, kind, name, key, held)
SELECT $1, k.kind, k.name, k.key, 0 FROM unnest($2::text[], $3::text[], $4::text[]) AS k (kind, name, key)
ORDER BY k.kind, k.name, k.key
ON CONFLICT DO NOTHING
