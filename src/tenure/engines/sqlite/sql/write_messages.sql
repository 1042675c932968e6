-- In: ?1 space, ?2 kind, ?3 effect, ?4 record, ?5 position, ?6 now.
-- A message waits without a time while an earlier one of its record waits: messages go out in order per record.
INSERT INTO tenure_messages (space, kind, effect, record, position, created_at, next_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, CASE
    WHEN EXISTS (SELECT 1 FROM tenure_messages WHERE record = ?4 AND effect = ?3 AND given_up = 0) THEN NULL
    ELSE ?6
END)
