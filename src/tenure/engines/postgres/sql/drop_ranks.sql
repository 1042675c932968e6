-- In: $1 space; $2 JSON object of lists of the same length: kind, state, per, value, record.
DELETE FROM tenure_ranks AS t
USING (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (
        kind text[], state text[], per text[], value double precision[], record bigint[]
    )
    CROSS JOIN LATERAL unnest(c.kind, c.state, c.per, c.value, c.record) AS u (kind, state, per, value, record)
    OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.state AND t.per = u.per
  AND t.value = u.value AND t.record = u.record
