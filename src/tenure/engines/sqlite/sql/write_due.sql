-- In: ?1 JSON array of [at, record]; ?2 space.
INSERT OR IGNORE INTO tenure_due (space, at, record) SELECT ?2, value->>0, value->>1 FROM jsonb_each(?1)
