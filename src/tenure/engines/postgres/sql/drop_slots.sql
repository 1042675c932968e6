-- In: $1 space; arrays of $2 kind, $3 name, $4 key.
DELETE FROM tenure_slots AS t
USING (SELECT $1::integer AS space, u.* FROM unnest($2::text[], $3::text[], $4::text[]) AS u (kind, name, key) OFFSET 0) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.name = u.name AND t.key = u.key
