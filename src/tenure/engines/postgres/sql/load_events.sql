-- In: $1 space; $2 days there are; arrays of $3 born, $4 kind, $5 id, then the event's own columns. One whose day is
-- gone already goes where those lie that must stay longer.
INSERT INTO tenure_events (
    space, day, record, position, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT $1, CASE WHEN u.position / 86400000000 = ANY ($2::integer[]) THEN u.position / 86400000000 ELSE 0 END,
       r.record, u.position, u.version, u.at, u.by, u.name, u.source, u.target, u.fence, u.why, u.op, u.note, u.unread
FROM unnest(
    $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::bigint[], $14::text[], $15::text[], $16::text[], $17::text[]
) AS u (born, kind, id, position, version, at, by, name, source, target, fence, why, op, note, unread)
CROSS JOIN LATERAL (
    (SELECT record FROM tenure_records WHERE space = $1 AND kind = u.kind AND id = u.id AND NOT removed AND born = u.born)
    UNION ALL
    (SELECT record FROM tenure_records WHERE space = $1 AND kind = u.kind AND id = u.id AND removed AND born = u.born)
) AS r
