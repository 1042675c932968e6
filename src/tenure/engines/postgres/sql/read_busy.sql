-- In: $1 space, $2 now, $3 kinds, $4 records that were seen. Out: one that is to be looked at, and was not seen
-- since another transaction had it.
SELECT d.record FROM tenure_due AS d
CROSS JOIN LATERAL (SELECT r.kind FROM tenure_records AS r WHERE r.record = d.record OFFSET 0) AS r
WHERE d.space = $1 AND d.at <= $2 AND r.kind = ANY ($3::text[]) AND d.record <> ALL ($4::bigint[])
ORDER BY d.at LIMIT 1
