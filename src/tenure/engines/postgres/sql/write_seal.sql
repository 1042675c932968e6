-- In: $1 space, $2 why it may not be written; empty: it may.
UPDATE tenure_spaces SET seal = $2 WHERE space = $1
