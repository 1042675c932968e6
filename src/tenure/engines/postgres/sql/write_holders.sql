-- In: $1 space; $2 JSON object of lists of the same length: kind, name, key, record.
INSERT INTO tenure_holders (space, kind, name, key, record)
SELECT $1, u.*
FROM json_to_record($2::json) AS c (kind text[], name text[], key text[], record bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.name, c.key, c.record) AS u (kind, name, key, record)
ON CONFLICT DO NOTHING
