-- In: arrays of $1 record, $2 effect; $3 now. The next message of each may go out now.
UPDATE tenure_messages AS m SET next_at = $3
FROM unnest($1::bigint[], $2::text[]) AS u (record, effect)
WHERE m.record = u.record AND m.effect = u.effect AND m.next_at IS NULL AND m.position = (
    SELECT min(w.position) FROM tenure_messages AS w
    WHERE w.record = u.record AND w.effect = u.effect AND NOT w.given_up
)
