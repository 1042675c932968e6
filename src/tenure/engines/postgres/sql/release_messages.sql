-- In: arrays of $1 record, $2 effect; $3 now. The next message of each may go out now.
UPDATE tenure_messages AS m SET next_at = $3
FROM (
    SELECT p.place FROM unnest($1::bigint[], $2::text[]) AS u (record, effect)
    CROSS JOIN LATERAL (
        SELECT ctid AS place, next_at FROM tenure_messages AS w
        WHERE w.record = u.record AND w.effect = u.effect AND NOT w.given_up ORDER BY w.position LIMIT 1
    ) AS p
    WHERE p.next_at IS NULL OFFSET 0
) AS u
WHERE m.ctid = u.place
