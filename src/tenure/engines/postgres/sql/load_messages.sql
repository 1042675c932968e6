-- In: $1 space; arrays of $2 born, $3 kind, $4 id, then the message's own columns.
INSERT INTO tenure_messages (
    space, kind, record, effect, position, next_at, tries, token, created_at, given_up, error
)
SELECT $1, u.kind, r.record, u.effect, u.position, u.next_at, u.tries, u.token, u.created_at, u.given_up, u.error
FROM unnest(
    $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::boolean[], $12::text[]
) AS u (born, kind, id, effect, position, next_at, tries, token, created_at, given_up, error)
CROSS JOIN LATERAL (
    (SELECT record FROM tenure_records WHERE space = $1 AND kind = u.kind AND id = u.id AND NOT removed AND born = u.born)
    UNION ALL
    (SELECT record FROM tenure_records WHERE space = $1 AND kind = u.kind AND id = u.id AND removed AND born = u.born)
) AS r
