-- In: $1 space; texts of arrays of the same length, $2 to $3: record, look_at.
UPDATE tenure_records AS r SET look_at = u.look_at
FROM (
    SELECT u.*, p.place
    FROM unnest($2::text::bigint[], $3::text::bigint[]) AS u (record, look_at)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
