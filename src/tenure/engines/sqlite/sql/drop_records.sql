-- In: ?1 JSON array of [record, kind, state]; ?2 space. What is left of them is where their history hangs.
-- The `+` keeps SQLite from going through all records of the space.
UPDATE tenure_records SET state = NULL, removed = 1, fields = '{}', rest = '{}'
FROM jsonb_each(?1) AS d WHERE record = d.value->>0 AND +space = ?2
