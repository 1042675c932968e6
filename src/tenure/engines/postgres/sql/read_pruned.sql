-- In: $1 space, $2 length of keeping, $3 the position up to which it is over, $4 most. Out: how far was looked
-- through already, and how far so many events more go; empty, if there are none.
SELECT p.position, (
    SELECT max(e.position) FROM (
        SELECT e.position FROM tenure_events AS e
        WHERE e.position > p.position AND e.position < $3 AND (e.day = 0 OR e.day >= p.position / 86400000000)
        ORDER BY e.position LIMIT $4
    ) AS e
)
FROM (
    SELECT coalesce((SELECT position FROM tenure_pruned WHERE space = $1 AND history = $2), 0) AS position
) AS p
