-- In: $1 space; texts of arrays of the same length, $2 to $5: record, kind, state, look_at. What is left of them is
-- where their history hangs.
UPDATE tenure_records AS r SET state = NULL, removed = true, look_at = u.look_at, fields = '{}', rest = '{}'
FROM (
    SELECT u.*, p.place
    FROM unnest(
        $2::text::bigint[], $3::text::text[], $4::text::text[], $5::text::bigint[]
    ) AS u (record, kind, state, look_at)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
