-- In: $1 space; texts of arrays of the same length, $2 to $3: at, record.
DELETE FROM tenure_due AS t
USING (
    SELECT u.*, p.place
    FROM unnest($2::text::bigint[], $3::text::bigint[]) AS u (at, record)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_due AS p
        WHERE p.space = $1 AND p.at = u.at AND p.record = u.record OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
