-- In: $1 space; arrays of $2 record, $3 born, $4 removed, $5 look_at, then the row's columns. A removed record's are
-- empty. When removed records are looked at, nothing else says.
WITH u AS (
    SELECT * FROM unnest(
        $2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[], $6::text[], $7::text[], $8::text[],
        $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::bigint[], $14::bigint[],
        $15::bigint[], $16::bigint[], $17::bigint[], $18::text[], $19::text[]
    ) AS u (
        record, born, removed, look_at, kind, id, state, version, fence, holder, created_at, entered_at, changed_at,
        beaten_at, told, seen, fields, rest
    )
), looks AS (
    INSERT INTO tenure_due (space, at, record) SELECT $1, look_at, record FROM u WHERE removed AND look_at IS NOT NULL
)
INSERT INTO tenure_records (
    space, record, born, removed, look_at, kind, id, state, version, fence, holder, created_at, entered_at,
    changed_at, beaten_at, told, seen, fields, rest
)
SELECT $1, u.* FROM u
