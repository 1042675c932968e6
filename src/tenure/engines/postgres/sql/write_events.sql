-- In: $1 space; texts of arrays of the same length, $2 to $14: position, record, version, at, by, name, source, target,
-- fence, why, op, note, unread. The day of an event is that of its position.
INSERT INTO tenure_events (
    day, space, position, record, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT u.position / 86400000000, $1, u.*
FROM unnest(
    $2::text::bigint[], $3::text::bigint[], $4::text::bigint[], $5::text::bigint[], $6::text::text[],
    $7::text::text[], $8::text::text[], $9::text::text[], $10::text::bigint[], $11::text::text[], $12::text::text[],
    $13::text::text[], $14::text::text[]
) AS u (
    position, record, version, at, by, name, source, target, fence, why, op, note, unread
)
