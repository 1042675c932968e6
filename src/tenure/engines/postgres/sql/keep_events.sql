-- In: $1 day, $2 most. Moves events of a day that must stay longer to day 0, and tells how many.
UPDATE tenure_events AS e SET day = 0 FROM (
    SELECT e.position, e.record FROM tenure_events AS e JOIN tenure_records AS r ON r.record = e.record
    WHERE e.day = $1 AND (
        (NOT r.removed AND (e.version = r.version OR (r.told > r.seen AND e.version > r.seen)))
        OR EXISTS (SELECT 1 FROM tenure_messages AS m WHERE m.record = e.record AND m.position = e.position)
    ) LIMIT $2
) AS kept WHERE e.day = $1 AND e.position = kept.position AND e.record = kept.record
