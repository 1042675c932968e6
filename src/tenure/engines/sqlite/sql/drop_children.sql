-- In: ?1 JSON array of [parent kind, parent id, record]; ?2 space.
DELETE FROM tenure_children WHERE (space, kind, id, record) IN (
    SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1)
)
