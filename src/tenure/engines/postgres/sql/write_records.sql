-- In: $1 space; texts of arrays of the same length, $2 to $14: record, state, version, fence, holder, entered_at,
-- changed_at, beaten_at, told, seen, look_at, fields, rest. What never changes is not written.
UPDATE tenure_records AS r SET
    state = u.state, version = u.version, fence = u.fence, holder = u.holder, entered_at = u.entered_at,
    changed_at = u.changed_at, beaten_at = u.beaten_at, told = u.told, seen = u.seen, look_at = u.look_at,
    fields = u.fields, rest = u.rest
FROM (
    SELECT u.*, p.place
    FROM unnest(
        $2::text::bigint[], $3::text::text[], $4::text::bigint[], $5::text::bigint[], $6::text::text[],
        $7::text::bigint[], $8::text::bigint[], $9::text::bigint[], $10::text::bigint[], $11::text::bigint[],
        $12::text::bigint[], $13::text::text[], $14::text::text[]
    ) AS u (
        record, state, version, fence, holder, entered_at, changed_at, beaten_at, told, seen, look_at,
        fields, rest
    )
    CROSS JOIN LATERAL (
        SELECT ctid AS place FROM tenure_records AS p
        WHERE p.record = u.record AND p.space = $1 OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE r.ctid = u.place
