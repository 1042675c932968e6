-- In: $1 space; arrays of $2 record, $3 state, $4 version, $5 fence, $6 holder, $7 entered_at, $8 changed_at,
-- $9 beaten_at, $10 told, $11 seen, $12 look_at, $13 fields, $14 rest. What never changes is not written.
UPDATE tenure_records AS r SET
    state = u.state, version = u.version, fence = u.fence, holder = u.holder, entered_at = u.entered_at,
    changed_at = u.changed_at, beaten_at = u.beaten_at, told = u.told, seen = u.seen, look_at = u.look_at,
    fields = u.fields, rest = u.rest
FROM (
    SELECT $1::integer AS space, u.* FROM unnest(
    $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[], $8::bigint[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::text[], $14::text[]
) AS u (
    record, state, version, fence, holder, entered_at, changed_at, beaten_at, told, seen, look_at, fields, rest
) OFFSET 0
) AS u
WHERE r.record = u.record AND r.space = u.space
