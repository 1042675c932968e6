-- In: $1 space; $2 JSON object of lists of the same length: kind, source, target, record.
UPDATE tenure_states AS t SET state = u.target
FROM (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (kind text[], source text[], target text[], record bigint[])
    CROSS JOIN LATERAL unnest(c.kind, c.source, c.target, c.record) AS u (kind, source, target, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_states AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.state = u.source AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
