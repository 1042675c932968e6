-- In: ?1 JSON array of [kind, state, per, value, record]; ?2 space.
INSERT OR IGNORE INTO tenure_ranks (space, kind, state, per, value, record)
SELECT ?2, value->>0, value->>1, value->>2, value->>3, value->>4 FROM jsonb_each(?1)
