-- In: $1 space, $2 position after which to read, $3 most. Out: born, then the event's columns.
SELECT r.born, e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op,
       e.note, e.unread
FROM tenure_events AS e JOIN tenure_records AS r ON r.record = e.record
WHERE e.position > $2 AND e.space = $1 ORDER BY e.position LIMIT $3
