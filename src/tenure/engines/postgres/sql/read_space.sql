-- In: $1 name. Out: the number of a space.
SELECT space FROM tenure_spaces WHERE name = $1
