-- In: ?1 JSON array of events; ?2 space.
INSERT INTO tenure_events (
    position, space, record, version, at, by, name, source, target, fence, why, op, note, unread
)
SELECT value->>0, ?2, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
       value->>9, value->>10, value->>11, value->>12
FROM jsonb_each(?1)
