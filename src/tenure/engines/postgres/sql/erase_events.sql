-- In: $1 space; texts of arrays of the same length, $2 to $3: record, version. Empties the parameters and reasons of
-- the records' earlier events.
UPDATE tenure_events AS e SET note = '{}', why = ''
FROM (
    SELECT $1::integer AS space, u.*
    FROM unnest($2::text::bigint[], $3::text::bigint[]) AS u (record, version)
    OFFSET 0
) AS u
WHERE e.record = u.record AND e.space = u.space AND e.version < u.version
