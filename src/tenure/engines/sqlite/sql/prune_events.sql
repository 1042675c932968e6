-- In: ?1 space, ?2 and ?3 positions between which to prune, ?4 JSON array of kinds. The last event of a record stays,
-- and so do commands that its holder has not seen, and effects that wait.
DELETE FROM tenure_events WHERE position IN (
    SELECT e.position FROM tenure_events AS e CROSS JOIN tenure_records AS r ON r.record = e.record
    WHERE e.position > ?2 AND e.position <= ?3 AND e.space = ?1
      AND r.kind IN (SELECT value FROM json_each(?4))
      AND NOT (r.removed = 0 AND (e.version = r.version OR (r.told > r.seen AND e.version > r.seen)))
      AND NOT EXISTS (SELECT 1 FROM tenure_messages AS m WHERE m.record = e.record AND m.position = e.position)
)
