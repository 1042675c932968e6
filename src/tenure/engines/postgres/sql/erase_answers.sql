-- In: $1 space; texts of arrays of the same length, $2 to $6: record, version, kind, id, row (the last three as JSON
-- texts). In the kept answers of op ids, a record's rows of before the version give way to this one: an op id stays
-- known, and what was erased is gone. PostgreSQL reads no JSON that says \u0000: for the comparison it is another sign.
UPDATE tenure_ops AS o SET answer = u.answer
FROM (
    SELECT p.place, (
        SELECT '[' || string_agg(coalesce(x.row, a.value::text), ',' ORDER BY a.number) || ']'
        FROM json_array_elements(p.answer::json) WITH ORDINALITY AS a (value, number)
        LEFT JOIN LATERAL (
            SELECT x.row FROM unnest(c.version, c.kind, c.id, c.row) AS x (version, kind, id, row)
            CROSS JOIN LATERAL (SELECT replace(a.value::text, '\u0000', '\ufffd')::json AS was OFFSET 0) AS r
            WHERE x.kind = (r.was -> 'kind')::text AND replace(x.id, '\u0000', '\ufffd') = (r.was -> 'id')::text
              AND (r.was -> 'version')::text::bigint < x.version LIMIT 1
        ) AS x ON true
    ) AS answer
    FROM (
        SELECT $2::text::bigint[] AS record, $3::text::bigint[] AS version, $4::text::text[] AS kind,
               $5::text::text[] AS id, $6::text::text[] AS row
        OFFSET 0
    ) AS c
    CROSS JOIN LATERAL (
        SELECT DISTINCT e.op FROM unnest(c.record, c.version) AS u (record, version)
        CROSS JOIN LATERAL (
            SELECT op FROM tenure_events AS e
            WHERE e.record = u.record AND e.space = $1 AND e.version < u.version AND e.op <> '' OFFSET 0
        ) AS e
        OFFSET 0
    ) AS k
    CROSS JOIN LATERAL (
        SELECT ctid AS place, answer FROM tenure_ops AS p WHERE p.space = $1 AND p.op = k.op OFFSET 0
    ) AS p
    OFFSET 0
) AS u
WHERE o.ctid = u.place
