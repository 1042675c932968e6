-- In: ?1 JSON array of [kind, limit, key, held]; ?2 space. Removes those keys, which nobody holds any more.
DELETE FROM tenure_slots WHERE (space, kind, name, key) IN (
    SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1)
)
