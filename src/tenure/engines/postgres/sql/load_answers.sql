-- In: $1 space; arrays of $2 op, $3 digest, $4 answer, $5 when it was given.
INSERT INTO tenure_ops (space, op, digest, answer, at)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS u (op, digest, answer, at)
