-- In: $1 op id, $2 id, $3 state before, $4 state after, $5 name, $6 when it is due. Out: the new version, if it moved.
WITH first AS (INSERT INTO ops (op) VALUES ($1) ON CONFLICT DO NOTHING RETURNING op),
moved AS (
    UPDATE records SET state = $4, version = version + 1, entered_at = now(), changed_at = now(), deadline = $6
    WHERE id = $2 AND state = $3 AND (deadline IS NULL OR deadline > now()) AND EXISTS (SELECT FROM first)
    RETURNING id, version
)
INSERT INTO events (id, version, by, name, source, target, op)
SELECT id, version, 'by hand', $5, $3, $4, $1 FROM moved
RETURNING version
