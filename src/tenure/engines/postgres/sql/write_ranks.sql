-- In: $1 space; arrays of $2 kind, $3 state, $4 per, $5 value, $6 record.
INSERT INTO tenure_ranks (space, kind, state, per, value, record)
SELECT $1, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::double precision[], $6::bigint[]) AS u (kind, state, per, value, record)
ON CONFLICT DO NOTHING
