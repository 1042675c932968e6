-- In: $1 space; $2 JSON object of lists of the same length: kind, name, key. A key that nobody holds keeps no row.
DELETE FROM tenure_slots AS t
USING (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], name text[], key text[])
    CROSS JOIN LATERAL unnest(c.kind, c.name, c.key) AS u (kind, name, key)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.name = u.name AND t.key = u.key
