-- In: $1 space, $2 kind and $3 effect (each may be empty: all), $4 most. Out: messages that wait or were given up, the
-- oldest first; those of a removed record are nobody's.
SELECT m.effect, m.tries, m.token, m.created_at, m.next_at, m.error,
       e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread,
       r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
       r.told, r.seen, r.fields, r.rest
FROM (
    SELECT * FROM tenure_messages AS w
    WHERE space = $1 AND ($2::text IS NULL OR kind = $2) AND ($3::text IS NULL OR effect = $3)
      AND NOT (SELECT removed FROM tenure_records WHERE record = w.record)
    ORDER BY position LIMIT $4
) AS m JOIN tenure_records AS r ON r.record = m.record
JOIN tenure_events AS e ON e.record = m.record AND e.position = m.position
 AND (e.day = 0 OR e.day = m.position / 86400000000)
ORDER BY m.position
