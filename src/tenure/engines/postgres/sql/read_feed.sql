-- In: $1 space, $2 position after which to read, $3 kinds (empty: all), $4 most, $5 the horizon. Out: events in
-- order.
SELECT e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread
FROM tenure_events AS e JOIN tenure_records AS r ON r.record = e.record
WHERE e.position > $2 AND e.position <= $5 AND e.space = $1
  AND (e.day = 0 OR (e.day >= $2 / 86400000000 AND e.day <= $5 / 86400000000))
  AND (cardinality($3::text[]) = 0 OR r.kind = ANY ($3::text[]))
ORDER BY e.position LIMIT $4
