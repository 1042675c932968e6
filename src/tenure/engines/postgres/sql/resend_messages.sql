-- In: $1 space, $2 kind, $3 id, $4 effect, $5 now. Out: the record of each given up message, which waits again: the
-- oldest is released apart.
UPDATE tenure_messages AS m SET given_up = false, tries = 0, created_at = $5, next_at = NULL
FROM tenure_records AS r
WHERE r.space = $1 AND r.kind = $2 AND r.id = $3 AND NOT r.removed
  AND m.record = r.record AND m.effect = $4 AND m.given_up
RETURNING m.record
