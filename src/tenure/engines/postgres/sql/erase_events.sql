-- In: $1 space; arrays of $2 record, $3 version. Empties the parameters and reasons of the records' earlier events.
UPDATE tenure_events AS e SET note = '{}', why = ''
FROM (
    SELECT $1::integer AS space, u.* FROM unnest($2::bigint[], $3::bigint[]) AS u (record, version) OFFSET 0
) AS u
WHERE e.record = u.record AND e.space = u.space AND e.version < u.version
