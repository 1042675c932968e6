-- In: $1 space; texts of arrays of the same length, $2 to $4: kind, field, last. All have a row, which is locked.
UPDATE tenure_serials AS t SET last = u.last
FROM (
    SELECT u.*, p.place
    FROM unnest($2::text::text[], $3::text::text[], $4::text::bigint[]) AS u (kind, field, last)
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_serials AS p
        WHERE p.space = $1 AND p.kind = u.kind AND p.field = u.field OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE t.ctid = u.place
