-- In: $1 space; $2 JSON object of lists of the same length: kind, state, record.
INSERT INTO tenure_states (space, kind, state, record)
SELECT $1, u.*
FROM json_to_record($2::json) AS c (kind text[], state text[], record bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.state, c.record) AS u (kind, state, record)
ON CONFLICT DO NOTHING
