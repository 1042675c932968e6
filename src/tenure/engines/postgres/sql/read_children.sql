-- In: $1 space; $2 kind, $3 ids of parents; $4 the children's states (empty: any); $5 most for each. Out: the
-- parent's id, then the child's number, kind and id.
SELECT p.id, c.record, c.kind, c.id
FROM unnest($3::text[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT c.record, r.kind, r.id FROM tenure_children AS c JOIN tenure_records AS r ON r.record = c.record
    WHERE c.space = $1 AND c.kind = $2 AND c.id = p.id AND (cardinality($4::text[]) = 0 OR r.state = ANY ($4::text[]))
    ORDER BY c.record LIMIT $5
) AS c
ORDER BY c.record
