-- In: ?1 space, ?2 position after which to read, ?3 JSON array of kinds (empty: all), ?4 most. Out: events in order.
SELECT e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread
FROM tenure_events AS e CROSS JOIN tenure_records AS r ON r.record = e.record
WHERE e.position > ?2 AND e.space = ?1
  AND (json_array_length(?3) = 0 OR r.kind IN (SELECT value FROM json_each(?3)))
ORDER BY e.position LIMIT ?4
