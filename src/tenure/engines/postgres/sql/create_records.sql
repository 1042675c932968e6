-- In: $1 space; $2 JSON object of lists of the same length: record, kind, id, state, version, fence, holder,
-- created_at, entered_at, changed_at, beaten_at, told, seen, look_at, fields, rest.
INSERT INTO tenure_records (
    space, born, record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told,
    seen, look_at, fields, rest
)
SELECT $1, u.record, u.*
FROM json_to_record($2::json) AS c (
    record bigint[], kind text[], id text[], state text[], version bigint[], fence bigint[], holder text[],
    created_at bigint[], entered_at bigint[], changed_at bigint[], beaten_at bigint[], told bigint[],
    seen bigint[], look_at bigint[], fields text[], rest text[]
)
CROSS JOIN LATERAL unnest(
    c.record, c.kind, c.id, c.state, c.version, c.fence, c.holder, c.created_at, c.entered_at, c.changed_at,
    c.beaten_at, c.told, c.seen, c.look_at, c.fields, c.rest
) AS u (
    record, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at, told, seen,
    look_at, fields, rest
)
