-- In: $1 space; arrays of $2 kind, $3 source, $4 target, $5 record.
UPDATE tenure_states AS t SET state = u.target
FROM (
    SELECT $1::integer AS space, u.*
    FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (kind, source, target, record) OFFSET 0
) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.source AND t.record = u.record
