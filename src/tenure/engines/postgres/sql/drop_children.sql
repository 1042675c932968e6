-- In: $1 space; $2 JSON object of lists of the same length: kind, id, record.
DELETE FROM tenure_children AS t
USING (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], id text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.id, c.record) AS u (kind, id, record)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.id = u.id AND t.record = u.record
