-- In: $1 space; $2 JSON object of lists of the same length: kind, name, key, record.
DELETE FROM tenure_holders AS t
USING (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (kind text[], name text[], key text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.name, c.key, c.record) AS u (kind, name, key, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_holders AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.name = u.name AND p.key = u.key AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
