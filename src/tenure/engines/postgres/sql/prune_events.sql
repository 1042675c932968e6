-- In: $1 space, $2 and $3 positions between which to prune, $4 kinds. The last event of a record stays, and so do
-- commands that its holder has not seen, and effects that wait.
DELETE FROM tenure_events AS e USING tenure_records AS r
WHERE e.position > $2 AND e.position <= $3 AND e.space = $1 AND r.record = e.record AND r.kind = ANY ($4::text[])
  AND (e.day = 0 OR (e.day >= $2 / 86400000000 AND e.day <= $3 / 86400000000))
  AND NOT (NOT r.removed AND (e.version = r.version OR (r.told > r.seen AND e.version > r.seen)))
  AND NOT EXISTS (SELECT 1 FROM tenure_messages AS m WHERE m.record = e.record AND m.position = e.position)
