-- In: $1 space; arrays of $2 kind, $3 name, $4 key, $5 record.
DELETE FROM tenure_holders AS t
USING (SELECT $1::integer AS space, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (kind, name, key, record) OFFSET 0) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.name = u.name AND t.key = u.key AND t.record = u.record
