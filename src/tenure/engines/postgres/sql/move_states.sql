-- In: $1 space; texts of arrays of the same length, $2 to $5: kind, source, target, record.
UPDATE tenure_states AS t SET state = u.target
FROM (
    SELECT u.*, p.place
    FROM unnest(
        $2::text::text[], $3::text::text[], $4::text::text[], $5::text::bigint[]
    ) AS u (kind, source, target, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_states AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.state = u.source AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
