-- In: ?1 JSON array of [kind, limit, key, held]; ?2 space. Removes those keys that nobody holds.
DELETE FROM tenure_slots WHERE held = 0 AND (space, kind, name, key) IN (
    SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1)
)
