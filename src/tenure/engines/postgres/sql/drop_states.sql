-- In: $1 space; arrays of $2 kind, $3 state, $4 record.
DELETE FROM tenure_states AS t
USING (SELECT $1::integer AS space, u.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, state, record) OFFSET 0) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.state AND t.record = u.record
