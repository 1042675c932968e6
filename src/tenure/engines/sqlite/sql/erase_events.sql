-- In: ?1 JSON array of [record, version]; ?2 space. Empties the parameters and reasons of the records' earlier events.
UPDATE tenure_events SET note = '{}', why = '' WHERE position IN (
    SELECT e.position FROM jsonb_each(?1) CROSS JOIN tenure_events AS e
    ON e.record = value->>0 AND e.version < value->>1
) AND +space = ?2
