-- In: $1 space; $2 JSON object of lists of the same length: kind, state, record.
DELETE FROM tenure_states AS t
USING (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], state text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.state, c.record) AS u (kind, state, record)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.state AND t.record = u.record
