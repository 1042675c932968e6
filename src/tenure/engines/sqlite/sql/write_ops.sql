-- In: ?1 JSON array of [op, digest, answer]; ?2 space.
INSERT INTO tenure_ops (space, op, digest, answer)
SELECT ?2, value->>0, value->>1, value->>2 FROM jsonb_each(?1)
