-- In: $1 space; texts of arrays of the same length, $2 to $5: kind, name, key, held. All have a row, which is locked.
UPDATE tenure_slots AS t SET held = u.held
FROM (
    SELECT u.*, p.place
    FROM unnest($2::text::text[], $3::text::text[], $4::text::text[], $5::text::bigint[]) AS u (kind, name, key, held)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_slots AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.name = u.name AND p.key = u.key OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
