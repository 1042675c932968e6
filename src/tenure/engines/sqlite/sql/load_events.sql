-- In: ?1 space, ?2 JSON array of events: born, kind, id, then their own columns from the position on.
INSERT INTO tenure_events (
    space, record, position, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT ?1, r.record, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8, value->>9, value->>10,
       value->>11, value->>12, value->>13, value->>14
FROM jsonb_each(?2)
CROSS JOIN tenure_records AS r ON r.record = (
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = value->>1 AND id = value->>2 AND removed = 0
        AND born = value->>0
    UNION ALL
    SELECT record FROM tenure_records WHERE space = ?1 AND kind = value->>1 AND id = value->>2 AND removed = 1
        AND born = value->>0
)
