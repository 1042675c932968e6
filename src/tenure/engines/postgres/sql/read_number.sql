-- In: $1 space, $2 kind, $3 id. Out: the number of the record as it lives now, or as it last lived.
SELECT record FROM (
    (SELECT record, 1 AS lives FROM tenure_records WHERE space = $1 AND kind = $2 AND id = $3 AND NOT removed)
    UNION ALL
    (SELECT record, 0 FROM tenure_records WHERE space = $1 AND kind = $2 AND id = $3 AND removed
     ORDER BY record DESC LIMIT 1)
) AS found ORDER BY lives DESC LIMIT 1
