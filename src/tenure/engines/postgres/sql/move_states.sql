-- In: $1 space; $2 JSON object of lists of the same length: kind, source, target, record.
UPDATE tenure_states AS t SET state = u.target
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (kind text[], source text[], target text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.source, c.target, c.record) AS u (kind, source, target, record)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.source AND t.record = u.record
