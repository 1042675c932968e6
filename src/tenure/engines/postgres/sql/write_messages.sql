-- In: $1 space; arrays of $2 kind, $3 effect, $4 record, $5 position, $6 now.
-- A message waits without a time while an earlier one of its record waits: messages go out in order per record.
INSERT INTO tenure_messages (space, kind, effect, record, position, created_at, next_at)
SELECT $1, u.kind, u.effect, u.record, u.position, u.now, CASE
    WHEN row_number() OVER (PARTITION BY u.record, u.effect ORDER BY u.position) = 1 AND NOT EXISTS (
        SELECT 1 FROM tenure_messages AS m WHERE m.record = u.record AND m.effect = u.effect AND NOT m.given_up
    ) THEN u.now
END
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) AS u (kind, effect, record, position, now)
