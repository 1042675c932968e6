-- In: ?1 JSON array of [kind, limit, key, record]; ?2 space.
DELETE FROM tenure_holders WHERE (space, kind, name, key, record) IN (
    SELECT ?2, value->>0, value->>1, value->>2, value->>3 FROM jsonb_each(?1)
)
