-- In: $1 space, $2 position after which to go on, $3 kinds, $4 up to which position their history is over, $5 most. Of
-- the events that were kept longer than their day, removes those that need not stay any more. Out: how far was looked, at how many.
WITH old AS (
    SELECT e.position, e.record FROM tenure_events AS e
    WHERE e.day = 0 AND e.position > $2 AND e.space = $1 ORDER BY e.position LIMIT $5
), gone AS (
    SELECT old.position, old.record FROM old
    JOIN tenure_records AS r ON r.record = old.record
    JOIN unnest($3::text[], $4::bigint[]) AS k (kind, upto) ON k.kind = r.kind AND old.position < k.upto
    JOIN tenure_events AS e ON e.day = 0 AND e.position = old.position AND e.record = old.record
    WHERE NOT (NOT r.removed AND (e.version = r.version OR (r.told > r.seen AND e.version > r.seen)))
      AND NOT EXISTS (SELECT 1 FROM tenure_messages AS m WHERE m.record = e.record AND m.position = e.position)
), removed AS (
    DELETE FROM tenure_events AS e USING gone
    WHERE e.day = 0 AND e.position = gone.position AND e.record = gone.record
)
SELECT max(position), count(*) FROM old
