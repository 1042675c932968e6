-- In: $1 space; arrays of $2 record, $3 kind, $4 id, $5 state, $6 version, $7 fence, $8 holder, $9 created_at,
-- $10 entered_at, $11 changed_at, $12 beaten_at, $13 told, $14 seen, $15 look_at, $16 fields, $17 rest.
INSERT INTO tenure_records (
    space, born, record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen,
    look_at, fields, rest
)
SELECT $1, u.record, u.* FROM unnest(
    $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
    $16::text[], $17::text[]
) AS u (
    record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen,
    look_at, fields, rest
)
