-- In: ?1 JSON array of [kind, state, difference]; ?2 space.
INSERT INTO tenure_counts (space, kind, state, number)
SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1) WHERE true
ON CONFLICT (space, kind, state) DO UPDATE SET number = number + excluded.number
