-- In: $1 space, $2 op id after which to read, $3 most. Out: op, digest, answer.
SELECT op, digest, answer FROM tenure_ops WHERE space = $1 AND op > $2 ORDER BY op LIMIT $3
