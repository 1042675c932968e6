-- In: $1 space, $2 kind, $3 effect, $4 now, $5 most. Out: the messages that are due and that nobody else takes, the
-- oldest first, locked.
SELECT record, position FROM tenure_messages
WHERE space = $1 AND kind = $2 AND effect = $3 AND next_at <= $4 AND next_at IS NOT NULL
ORDER BY next_at, position LIMIT $5
FOR NO KEY UPDATE SKIP LOCKED
