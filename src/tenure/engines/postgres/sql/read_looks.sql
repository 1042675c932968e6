-- In: $1 space, $2 most. Out: instant, kind and id of what is looked at next.
SELECT d.at, r.kind, r.id FROM tenure_due AS d JOIN tenure_records AS r ON r.record = d.record
WHERE d.space = $1 AND NOT r.removed ORDER BY d.at LIMIT $2
