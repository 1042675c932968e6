-- In: $1 space; $2 JSON object of lists of the same length: kind, id, record.
DELETE FROM tenure_children AS t
USING (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (kind text[], id text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.id, c.record) AS u (kind, id, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_children AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.id = u.id AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
