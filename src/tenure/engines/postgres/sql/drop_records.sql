-- In: $1 space; $2 JSON object of lists of the same length: record, kind, state, look_at. What is left of them is
-- where their history hangs.
UPDATE tenure_records AS r SET state = NULL, removed = true, look_at = u.look_at, fields = '{}', rest = '{}'
FROM (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (record bigint[], kind text[], state text[], look_at bigint[])
    CROSS JOIN LATERAL unnest(c.record, c.kind, c.state, c.look_at) AS u (record, kind, state, look_at)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
