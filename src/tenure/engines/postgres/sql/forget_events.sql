-- In: $1 records that are gone, $2 most. Removes so many of their events; tells how many that were, by record.
WITH old AS (
    SELECT e.day, e.position, e.record FROM tenure_events AS e WHERE e.record = ANY ($1::bigint[]) LIMIT $2
)
DELETE FROM tenure_events AS e USING old WHERE e.day = old.day AND e.position = old.position AND e.record = old.record
