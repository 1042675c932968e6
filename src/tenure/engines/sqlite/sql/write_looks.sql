-- In: ?1 JSON array of [record, look_at]; ?2 space.
-- The `+` keeps SQLite from going through all records of the space.
UPDATE tenure_records SET look_at = l.value->>1 FROM jsonb_each(?1) AS l WHERE record = l.value->>0 AND +space = ?2
