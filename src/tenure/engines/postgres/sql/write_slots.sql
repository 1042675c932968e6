-- In: $1 space; arrays of $2 kind, $3 limit, $4 key, $5 held. All have a row, which is locked.
UPDATE tenure_slots AS t SET held = u.held
FROM (
    SELECT $1::integer AS space, u.*
    FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (kind, name, key, held) OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.name = u.name AND t.key = u.key
