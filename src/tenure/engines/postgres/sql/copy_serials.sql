-- In: $1 space. Out: kind, field, and the last number given out.
SELECT kind, field, last FROM tenure_serials WHERE space = $1 AND last > 0 ORDER BY kind, field
