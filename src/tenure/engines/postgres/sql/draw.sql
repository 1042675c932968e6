-- In: $1 how many positions, $2 now. Out: the first of them.
SELECT first FROM tenure_draw($1, $2)
