-- In: $1 space; $2 JSON object of lists of the same length: position, record, version, at, by, name, source, target,
-- fence, why, op, note, unread. The day of an event is that of its position.
INSERT INTO tenure_events (
    day, space, position, record, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT u.position / 86400000000, $1, u.*
FROM json_to_record($2::json) AS c (
    position bigint[], record bigint[], version bigint[], at bigint[], by text[], name text[], source text[],
    target text[], fence bigint[], why text[], op text[], note text[], unread text[]
)
CROSS JOIN LATERAL unnest(
    c.position, c.record, c.version, c.at, c.by, c.name, c.source, c.target, c.fence, c.why, c.op, c.note,
    c.unread
) AS u (
    position, record, version, at, by, name, source, target, fence, why, op, note, unread
)
