-- In: ?1 JSON array of [kind, effect, record, position, now], in order; ?2 space.
-- A message waits without a time while an earlier one of its record waits: messages go out in order per record.
INSERT INTO tenure_messages (space, kind, effect, record, position, created_at, next_at)
SELECT ?2, value->>0, value->>1, value->>2, value->>3, value->>4, CASE
    WHEN row_number() OVER (PARTITION BY value->>2, value->>1 ORDER BY key) = 1 AND NOT EXISTS (
        SELECT 1 FROM tenure_messages WHERE record = value->>2 AND effect = value->>1 AND given_up = 0
    ) THEN value->>4
END
FROM jsonb_each(?1)
