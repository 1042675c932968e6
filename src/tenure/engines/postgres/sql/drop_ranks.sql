-- In: $1 space; texts of arrays of the same length, $2 to $6: kind, state, per, value, record.
DELETE FROM tenure_ranks AS t
USING (
    SELECT u.*, p.place
    FROM unnest(
        $2::text::text[], $3::text::text[], $4::text::text[], $5::text::double precision[], $6::text::bigint[]
    ) AS u (kind, state, per, value, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_ranks AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.state = u.state AND p.per = u.per AND p.value = u.value
          AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
