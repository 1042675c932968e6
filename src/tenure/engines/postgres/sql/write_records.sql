-- In: $1 space; $2 JSON object of lists of the same length: record, state, version, fence, holder, entered_at,
-- changed_at, beaten_at, told, seen, look_at, fields, rest. What never changes is not written.
UPDATE tenure_records AS r SET
    state = u.state, version = u.version, fence = u.fence, holder = u.holder, entered_at = u.entered_at,
    changed_at = u.changed_at, beaten_at = u.beaten_at, told = u.told, seen = u.seen, look_at = u.look_at,
    fields = u.fields, rest = u.rest
FROM (
    SELECT u.*, p.place
    FROM json_to_record($2::json) AS c (
        record bigint[], state text[], version bigint[], fence bigint[], holder text[], entered_at bigint[],
        changed_at bigint[], beaten_at bigint[], told bigint[], seen bigint[], look_at bigint[],
        fields text[], rest text[]
    )
    CROSS JOIN LATERAL unnest(
        c.record, c.state, c.version, c.fence, c.holder, c.entered_at, c.changed_at, c.beaten_at, c.told,
        c.seen, c.look_at, c.fields, c.rest
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
