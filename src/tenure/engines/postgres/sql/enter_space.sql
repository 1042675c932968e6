-- In: $1 space. Lets this transaction write to it, unless it is sealed.
SELECT tenure_enter($1)
