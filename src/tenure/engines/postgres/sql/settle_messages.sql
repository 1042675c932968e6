-- In: $1 space; arrays of $2 kind, $3 id, $4 effect, $5 token, $6 whether done, $7 next_at, $8 error. One whose
-- token is no longer the last is left alone. Out: record and effect of those that no longer hold up what waits
-- behind them.
WITH s AS (
    SELECT m.record, m.effect, m.place, u.done, u.next_at, u.error
    FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::boolean[], $7::bigint[], $8::text[])
        AS u (kind, id, effect, token, done, next_at, error)
    CROSS JOIN LATERAL (
        SELECT r.record FROM tenure_records AS r
        WHERE r.space = $1 AND r.kind = u.kind AND r.id = u.id AND NOT r.removed OFFSET 0
    ) AS r
    CROSS JOIN LATERAL (
        SELECT m.record, m.effect, m.ctid AS place FROM tenure_messages AS m
        WHERE m.record = r.record AND m.effect = u.effect AND m.token = u.token OFFSET 0
    ) AS m
), done AS (
    DELETE FROM tenure_messages AS m USING s
    WHERE s.done AND m.ctid = s.place
), again AS (
    UPDATE tenure_messages AS m SET next_at = s.next_at, given_up = s.next_at IS NULL, error = s.error, token = 0
    FROM s WHERE NOT s.done AND m.ctid = s.place
)
SELECT record, effect FROM s WHERE done OR next_at IS NULL
