-- In: $1 space; arrays of $2 kind, $3 state, $4 record.
INSERT INTO tenure_states (space, kind, state, record)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::bigint[]) AS u (kind, state, record)
ON CONFLICT DO NOTHING
