-- In: ?1 space, ?2 JSON array of messages: born, kind, id, then their own columns from the effect on.
INSERT INTO tenure_messages (
    space, kind, record, effect, position, next_at, tries, token, created_at, given_up, error
)
SELECT ?1, value->>1, r.record, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9,
       value->>10
FROM jsonb_each(?2)
CROSS JOIN tenure_records AS r ON r.record = (
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = value->>1 AND id = value->>2 AND removed = 0
        AND born = value->>0
    UNION ALL
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = value->>1 AND id = value->>2 AND removed = 1
        AND born = value->>0
)
