-- In: ?1 JSON array of [at, record]; ?2 space.
DELETE FROM tenure_due WHERE (space, at, record) IN (SELECT ?2, value->>0, value->>1 FROM jsonb_each(?1))
