-- In: $1 space; $2 record, $3 effect and $4 position after which to read; $5 most. Out: messages.
SELECT m.record, m.effect, m.position, m.kind, r.id, r.born, m.next_at, m.tries, m.token, m.created_at, m.given_up,
       m.error
FROM tenure_messages AS m JOIN tenure_records AS r ON r.record = m.record
WHERE m.space = $1 AND (m.record, m.effect, m.position) > ($2, $3, $4)
ORDER BY m.record, m.effect, m.position LIMIT $5
