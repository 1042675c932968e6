-- In: ?1 JSON array of [kind, state, per, value, record]; ?2 space.
DELETE FROM tenure_ranks WHERE (space, kind, state, per, value, record) IN (
    SELECT ?2, value->>0, value->>1, value->>2, CAST(value->>3 AS REAL), value->>4 FROM jsonb_each(?1)
)
