-- In: ?1 space, ?2 kind, ?3 id, ?4 version after which to read, ?5 most. Out: events of the record as it lives now,
-- or as it last lived.
SELECT e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread
FROM tenure_records AS r CROSS JOIN tenure_events AS e ON e.record = r.record
WHERE r.space = ?1 AND r.kind = ?2 AND r.id = ?3 AND e.version > ?4 AND e.position >= r.born
ORDER BY e.version LIMIT ?5
