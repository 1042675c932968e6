-- In: $1 the last position drawn, $2 the last one used. Gives back what is after it, unless others have drawn since.
SELECT tenure_give_back($1, $2)
