-- In: $1 space; texts of arrays of the same length, $2 to $4: op, digest, answer. One that is there already is a
-- conflict: another batch was faster, and this one is decided anew.
INSERT INTO tenure_ops (space, at, op, digest, answer)
SELECT $1, (SELECT last_value FROM tenure_clock), u.*
FROM unnest($2::text::text[], $3::text::text[], $4::text::text[]) AS u (op, digest, answer)
ORDER BY u.op
