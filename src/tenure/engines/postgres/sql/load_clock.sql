-- In: $1 space, $2 swept_at, $3 alive_until, $4 outages.
UPDATE tenure_spaces SET swept_at = $2, alive_until = $3, outages = $4 WHERE space = $1
