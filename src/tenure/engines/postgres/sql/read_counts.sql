-- In: $1 space. Out: kind, state, and how many records are there.
SELECT kind, state, sum(number)::bigint FROM tenure_counts WHERE space = $1
GROUP BY kind, state HAVING sum(number) <> 0
