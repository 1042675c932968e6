-- In: ?1 space, ?2 kind, ?3 id, ?4 version after which to read, ?5 most. Out: events of the record as it lives now,
-- or as it last lived.
SELECT e.position, ?2, ?3, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note, e.unread
FROM tenure_events AS e
WHERE e.version > ?4 AND e.record = (
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = ?2 AND id = ?3 AND removed = 0
    UNION ALL
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = ?2 AND id = ?3 AND removed = 1
    ORDER BY record DESC LIMIT 1
)
ORDER BY e.version LIMIT ?5
