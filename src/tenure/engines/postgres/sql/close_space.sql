-- In: $1 space. Lets nobody else write to it until this transaction ends.
SELECT tenure_close($1)
