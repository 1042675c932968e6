-- In: $1 space, $2 kind, $3 id, $4 effect, $5 now. Lets a record's given up messages be tried again.
UPDATE tenure_messages AS m SET given_up = false, tries = 0, created_at = $5, next_at = $5
FROM tenure_records AS r
WHERE r.space = $1 AND r.kind = $2 AND r.id = $3 AND NOT r.removed
  AND m.record = r.record AND m.effect = $4 AND m.given_up
