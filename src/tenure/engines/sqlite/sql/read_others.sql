-- In: ?1 and ?2 positions between which to read, ?3 most. Out: space, then the event.
SELECT e.space, e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op,
       e.note, e.unread
FROM tenure_events AS e CROSS JOIN tenure_records AS r ON r.record = e.record
WHERE e.position > ?1 AND e.position <= ?2 ORDER BY e.position LIMIT ?3
