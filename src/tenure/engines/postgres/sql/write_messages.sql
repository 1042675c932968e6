-- In: $1 space; $2 JSON object of lists of the same length: kind, effect, record, position, now. A message waits
-- without a time while an earlier one of its record waits: messages go out in order per record.
INSERT INTO tenure_messages (space, kind, effect, record, position, created_at, next_at)
SELECT $1, u.kind, u.effect, u.record, u.position, u.now,
       CASE WHEN w.waits IS NULL AND row_number() OVER (PARTITION BY u.record, u.effect ORDER BY u.position) = 1
            THEN u.now END
FROM json_to_record($2::json) AS c (kind text[], effect text[], record bigint[], position bigint[], now bigint[])
CROSS JOIN LATERAL unnest(c.kind, c.effect, c.record, c.position, c.now) AS u (kind, effect, record, position, now)
LEFT JOIN LATERAL (
    SELECT true AS waits FROM tenure_messages AS m
    WHERE m.record = u.record AND m.effect = u.effect AND NOT m.given_up LIMIT 1
) AS w ON true
