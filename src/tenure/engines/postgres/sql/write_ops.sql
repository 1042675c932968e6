-- In: $1 space; arrays of $2 op, $3 digest, $4 answer. One that is there already is a conflict: another batch was
-- faster, and this one is decided anew.
INSERT INTO tenure_ops (space, at, op, digest, answer)
SELECT $1, c.last_value, u.* FROM tenure_clock AS c, unnest($2::text[], $3::text[], $4::text[]) AS u (op, digest, answer)
ORDER BY u.op
