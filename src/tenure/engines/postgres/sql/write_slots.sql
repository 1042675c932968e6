-- In: $1 space; $2 JSON object of lists of the same length: kind, name, key, held. All have a row, which is locked.
UPDATE tenure_slots AS t SET held = u.held
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], name text[], key text[], held bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.name, c.key, c.held) AS u (kind, name, key, held)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.name = u.name AND t.key = u.key
