-- In: ?1 JSON array of [kind, limit, key, record]; ?2 space.
INSERT OR IGNORE INTO tenure_holders (space, kind, name, key, record)
SELECT ?2, value->>0, value->>1, value->>2, value->>3 FROM jsonb_each(?1)
