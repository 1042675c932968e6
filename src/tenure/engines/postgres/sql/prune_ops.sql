-- In: $1 the instant up to which to forget, $2 most. Op ids of all spaces.
DELETE FROM tenure_ops AS o USING (
    SELECT space, op FROM tenure_ops WHERE at <= $1 LIMIT $2
) AS old WHERE o.space = old.space AND o.op = old.op
