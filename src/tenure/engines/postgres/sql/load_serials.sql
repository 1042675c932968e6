-- In: $1 space; arrays of $2 kind, $3 field, $4 last.
INSERT INTO tenure_serials (space, kind, field, last)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, field, last)
