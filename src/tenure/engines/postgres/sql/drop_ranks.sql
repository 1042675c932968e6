-- In: $1 space; arrays of $2 kind, $3 state, $4 per, $5 value, $6 record.
DELETE FROM tenure_ranks AS t
USING (SELECT $1::integer AS space, u.* FROM unnest($2::text[], $3::text[], $4::text[], $5::double precision[], $6::bigint[]) AS u (kind, state, per, value, record) OFFSET 0) AS u
WHERE t.space = u.space AND t.kind = u.kind AND t.state = u.state AND t.per = u.per AND t.value = u.value AND t.record = u.record
