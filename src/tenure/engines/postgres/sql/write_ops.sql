-- In: $1 space; $2 JSON object of lists of the same length: op, digest, answer. One that is there already is a
-- conflict: another batch was faster, and this one is decided anew.
INSERT INTO tenure_ops (space, at, op, digest, answer)
SELECT $1, (SELECT last_value FROM tenure_clock), u.*
FROM json_to_record($2::json) AS c (op text[], digest text[], answer text[])
CROSS JOIN LATERAL unnest(c.op, c.digest, c.answer) AS u (op, digest, answer)
ORDER BY u.op
