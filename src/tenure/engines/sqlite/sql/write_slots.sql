-- In: ?1 JSON array of [kind, limit, key, held]; ?2 space. A key that nobody holds keeps no row.
INSERT INTO tenure_slots (space, kind, name, key, held)
SELECT ?2, value->>0, value->>1, value->>2, value->>3 FROM jsonb_each(?1) WHERE true
ON CONFLICT (space, kind, name, key) DO UPDATE SET held = excluded.held
