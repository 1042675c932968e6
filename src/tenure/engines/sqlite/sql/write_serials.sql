-- In: ?1 JSON array of [kind, field, last]; ?2 space.
INSERT INTO tenure_serials (space, kind, field, last)
SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1) WHERE true
ON CONFLICT (space, kind, field) DO UPDATE SET last = excluded.last
