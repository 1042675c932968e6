-- In: $1 space; texts of arrays of the same length, $2 to $6: kind, effect, record, position, now. A message waits
-- without a time while an earlier one of its record waits: messages go out in order per record.
INSERT INTO tenure_messages (space, kind, effect, record, position, created_at, next_at)
SELECT $1, u.kind, u.effect, u.record, u.position, u.now,
       CASE WHEN w.waits IS NULL AND row_number() OVER (PARTITION BY u.record, u.effect ORDER BY u.position) = 1
            THEN u.now END
FROM unnest(
    $2::text::text[], $3::text::text[], $4::text::bigint[], $5::text::bigint[], $6::text::bigint[]
) AS u (kind, effect, record, position, now)
LEFT JOIN LATERAL (
    SELECT true AS waits FROM tenure_messages AS m
    WHERE m.record = u.record AND m.effect = u.effect AND NOT m.given_up LIMIT 1
) AS w ON true
