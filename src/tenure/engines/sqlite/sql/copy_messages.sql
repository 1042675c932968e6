-- In: ?1 space, ?2 JSON array of the record, effect and position after which to read, ?3 most. Out: messages.
SELECT m.record, m.effect, m.position, m.kind, r.id, r.born, m.next_at, m.tries, m.token, m.created_at, m.given_up,
       m.error
FROM tenure_messages AS m CROSS JOIN tenure_records AS r ON r.record = m.record
WHERE m.space = ?1 AND (m.record, m.effect, m.position) > (?2->>0, ?2->>1, ?2->>2)
ORDER BY m.record, m.effect, m.position LIMIT ?3
