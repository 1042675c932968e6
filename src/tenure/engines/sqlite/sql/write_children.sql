-- In: ?1 JSON array of [parent kind, parent id, record]; ?2 space.
INSERT OR IGNORE INTO tenure_children (space, kind, id, record)
SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1)
