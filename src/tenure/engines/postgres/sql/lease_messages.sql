-- In: $1 effect; arrays of $2 record, $3 position, $4 token; $5 until when. Out: the messages as they are taken,
-- with event and record.
WITH m AS (
    UPDATE tenure_messages AS m SET tries = m.tries + 1, token = u.token, next_at = $5
    FROM (
        SELECT u.*, p.place FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS u (record, position, token)
        CROSS JOIN LATERAL (
            SELECT ctid AS place FROM tenure_messages AS p
            WHERE p.record = u.record AND p.effect = $1 AND p.position = u.position OFFSET 0
        ) AS p
        OFFSET 0
    ) AS u
    WHERE m.ctid = u.place
    RETURNING m.*
)
SELECT m.effect, m.tries, m.token, m.created_at, m.next_at, m.error,
       e.position, r.kind, r.id, e.version, e.at, e.by, e.name, e.source, e.target, e.fence, e.why, e.op, e.note,
       e.unread,
       r.kind, r.id, r.state, r.version, r.fence, r.holder, r.created_at, r.entered_at, r.changed_at, r.beaten_at,
       r.told, r.seen, r.fields, r.rest
FROM m JOIN tenure_records AS r ON r.record = m.record
JOIN tenure_events AS e ON e.record = m.record AND e.position = m.position
 AND (e.day = 0 OR e.day = m.position / 86400000000)
ORDER BY m.token
