-- In: $1 space, $2 the instant after which to look. Out: the next instant at which anything is looked at.
SELECT at FROM tenure_due WHERE space = $1 AND at > $2 ORDER BY at LIMIT 1
