-- In: $1 space; arrays of $2 born, $3 kind, $4 id, then the message's own columns.
INSERT INTO tenure_messages (
    space, kind, record, effect, position, next_at, tries, token, created_at, given_up, error
)
SELECT $1, u.kind, r.record, u.effect, u.position, u.next_at, u.tries, u.token, u.created_at, u.given_up, u.error
FROM unnest(
    $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::boolean[], $12::text[]
) AS u (born, kind, id, effect, position, next_at, tries, token, created_at, given_up, error)
JOIN tenure_records AS r ON r.space = $1 AND r.kind = u.kind AND r.id = u.id AND r.born = u.born
