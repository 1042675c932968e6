-- In: $1 space, $2 most. Out: instant, kind and id of what is looked at next.
SELECT d.at, r.kind, r.id FROM tenure_due AS d
CROSS JOIN LATERAL (SELECT * FROM tenure_records AS r WHERE r.record = d.record AND NOT r.removed OFFSET 0) AS r
WHERE d.space = $1 ORDER BY d.at LIMIT $2
