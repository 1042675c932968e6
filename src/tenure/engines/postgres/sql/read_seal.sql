-- In: $1 space. Out: why it may not be written; empty: it may.
SELECT seal FROM tenure_spaces WHERE space = $1
