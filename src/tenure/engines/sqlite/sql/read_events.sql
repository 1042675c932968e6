-- In: ?1 space, ?2 kind, ?3 id, ?4 version after which to read, ?5 most. Out: events of the record as it lives now,
-- or as it last lived.
WITH known AS (
    SELECT record, kind, id, born FROM tenure_records
    WHERE space = ?1 AND kind = ?2 AND id = ?3 AND state IS NOT NULL
    UNION ALL
    SELECT record, kind, id, born FROM tenure_records
    WHERE space = ?1 AND kind = ?2 AND id = ?3 AND state IS NULL
    ORDER BY born DESC LIMIT 1
)
SELECT e.position, k.kind, k.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread
FROM known AS k CROSS JOIN tenure_events AS e ON e.record = k.record
WHERE e.version > ?4
ORDER BY e.version LIMIT ?5
