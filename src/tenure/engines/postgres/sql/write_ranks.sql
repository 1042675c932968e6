-- In: $1 space; texts of arrays of the same length, $2 to $6: kind, state, per, value, record.
INSERT INTO tenure_ranks (space, kind, state, per, value, record)
SELECT $1, u.*
FROM unnest(
    $2::text::text[], $3::text::text[], $4::text::text[], $5::text::double precision[], $6::text::bigint[]
) AS u (kind, state, per, value, record)
ON CONFLICT DO NOTHING
