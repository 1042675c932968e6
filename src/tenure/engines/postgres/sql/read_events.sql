-- In: $1 space, $2 kind, $3 id, $4 version after which to read, $5 most. Out: events of the record as it lives now,
-- or as it last lived. Only days since its first event are looked at.
SELECT e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread
FROM (
    SELECT * FROM (
        (SELECT record, kind, id, born, 1 AS lives FROM tenure_records
         WHERE space = $1 AND kind = $2 AND id = $3 AND NOT removed)
        UNION ALL
        (SELECT record, kind, id, born, 0 FROM tenure_records
         WHERE space = $1 AND kind = $2 AND id = $3 AND removed ORDER BY record DESC LIMIT 1)
    ) AS found ORDER BY lives DESC LIMIT 1
) AS r
CROSS JOIN LATERAL (
    SELECT * FROM tenure_events AS e
    WHERE e.record = r.record AND e.version > $4 AND (e.day = 0 OR e.day >= r.born / 86400000000)
    ORDER BY e.version LIMIT $5
) AS e
ORDER BY e.version
