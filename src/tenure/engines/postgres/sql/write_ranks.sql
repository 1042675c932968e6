-- In: $1 space; $2 JSON object of lists of the same length: kind, state, per, value, record.
INSERT INTO tenure_ranks (space, kind, state, per, value, record)
SELECT $1, u.*
FROM json_to_record($2::json) AS c (kind text[], state text[], per text[], value double precision[], record bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.state, c.per, c.value, c.record) AS u (kind, state, per, value, record)
ON CONFLICT DO NOTHING
