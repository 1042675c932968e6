-- In: $1 space; texts of arrays of the same length, $2 to $17: record, kind, id, state, version, fence, holder,
-- created_at, entered_at, changed_at, beaten_at, told, seen, look_at, fields, rest.
INSERT INTO tenure_records (
    space, born, record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told,
    seen, look_at, fields, rest
)
SELECT $1, u.record, u.*
FROM unnest(
    $2::text::bigint[], $3::text::text[], $4::text::text[], $5::text::text[], $6::text::bigint[], $7::text::bigint[],
    $8::text::text[], $9::text::bigint[], $10::text::bigint[], $11::text::bigint[], $12::text::bigint[],
    $13::text::bigint[], $14::text::bigint[], $15::text::bigint[], $16::text::text[], $17::text::text[]
) AS u (
    record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen,
    look_at, fields, rest
)
