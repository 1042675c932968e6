-- In: ?1 JSON array of [record, beaten_at, seen, look_at]; ?2 space. What a beat changes, and nothing more.
-- The `+` keeps SQLite from going through all records of the space.
UPDATE tenure_records SET beaten_at = b.value->>1, seen = b.value->>2, look_at = b.value->>3
FROM jsonb_each(?1) AS b WHERE record = b.value->>0 AND +space = ?2
