-- In: $1 space; $2 JSON object of lists of the same length: kind, id, record.
INSERT INTO tenure_children (space, kind, id, record)
SELECT $1, u.*
FROM json_to_record($2::json) AS c (kind text[], id text[], record bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.id, c.record) AS u (kind, id, record)
ON CONFLICT DO NOTHING
