-- In: $1 space; texts of arrays of the same length, $2 to $5: record, beaten_at, seen, look_at. What a beat changes,
-- and nothing more.
UPDATE tenure_records AS r SET beaten_at = u.beaten_at, seen = u.seen, look_at = u.look_at
FROM (
    SELECT u.*, p.place
    FROM unnest(
        $2::text::bigint[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[]
    ) AS u (record, beaten_at, seen, look_at)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
