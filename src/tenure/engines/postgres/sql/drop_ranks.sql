-- In: $1 space; $2 JSON object of lists of the same length: kind, state, per, value, record.
DELETE FROM tenure_ranks AS t
USING (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (
        kind text[], state text[], per text[], value double precision[], record bigint[]
    )
    CROSS JOIN LATERAL unnest(c.kind, c.state, c.per, c.value, c.record) AS u (kind, state, per, value, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_ranks AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.state = u.state AND p.per = u.per AND p.value = u.value
          AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
