-- In: $1 space; arrays of $2 position, $3 record, $4 version, $5 at, $6 by, $7 name, $8 source, $9 target, $10 fence,
-- $11 why, $12 op, $13 note, $14 unread. The day of an event is that of its position.
INSERT INTO tenure_events (
    day, space, position, record, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT u.position / 86400000000, $1, u.*
FROM unnest(
    $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[]
) AS u (position, record, version, at, by, name, source, target, fence, why, op, note, unread)
