-- In: $1 space. Makes other sweepers of the space wait, for the length of a sign of life only.
SELECT space FROM tenure_spaces WHERE space = $1 FOR NO KEY UPDATE
