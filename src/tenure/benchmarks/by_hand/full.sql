-- In: $1 op id, $2 id, $3 state before, $4 state after, $5 name, $6 when it is due, $7 how many slots it takes, $8 the
-- limit. Out: the new version, if it moved. The rank is the index on pool and rating.
WITH first AS (INSERT INTO ops (op) VALUES ($1) ON CONFLICT DO NOTHING RETURNING op),
taken AS (
    UPDATE limits SET held = held + $7
    WHERE pool = (SELECT pool FROM records WHERE id = $2) AND held + $7 <= $8 AND EXISTS (SELECT FROM first)
    RETURNING pool
),
moved AS (
    UPDATE records SET state = $4, version = version + 1, entered_at = now(), changed_at = now(), deadline = $6
    WHERE id = $2 AND state = $3 AND (deadline IS NULL OR deadline > now()) AND EXISTS (SELECT FROM taken)
    RETURNING id, version
)
INSERT INTO events (id, version, by, name, source, target, op)
SELECT id, version, 'by hand', $5, $3, $4, $1 FROM moved
RETURNING version
