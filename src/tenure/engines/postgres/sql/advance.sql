-- In: $1 position, $2 instant. Positions and the clock are no earlier from now on.
SELECT tenure_advance($1, $2)
