-- In: ?1 space; ?2 JSON array of op ids. Out: one JSON array of [op, digest, answer] of those that are kept.
SELECT json_group_array(json_array(o.op, o.digest, o.answer))
FROM jsonb_each(?2) AS k CROSS JOIN tenure_ops AS o ON o.space = ?1 AND o.op = k.value
