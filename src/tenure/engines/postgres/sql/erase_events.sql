-- In: $1 space; $2 JSON object of lists of the same length: record, version. Empties the parameters and reasons of
-- the records' earlier events.
UPDATE tenure_events AS e SET note = '{}', why = ''
FROM (
    SELECT $1::integer AS space, u.*
    FROM json_to_record($2::json) AS c (record bigint[], version bigint[])
    CROSS JOIN LATERAL unnest(c.record, c.version) AS u (record, version)
    OFFSET 0
) AS u
WHERE e.record = u.record AND e.space = u.space AND e.version < u.version
