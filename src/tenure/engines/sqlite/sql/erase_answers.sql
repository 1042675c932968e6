-- In: ?1 JSON array of [record, version, kind, id, row], the last three as JSON texts; ?2 space. In the kept answers of
-- op ids, a record's rows of before the version give way to this one: an op id stays known, and what was erased is
-- gone.
UPDATE tenure_ops SET answer = (
    SELECT json_group_array(json(coalesce((
        SELECT e.value->>4 FROM json_each(?1) AS e
        WHERE e.value->>2 = a.value->'kind' AND e.value->>3 = a.value->'id' AND a.value->>'version' < e.value->>1
    ), a.value))) FROM json_each(answer) AS a
) WHERE space = ?2 AND op IN (
    SELECT v.op FROM json_each(?1) AS e CROSS JOIN tenure_events AS v
    ON v.record = e.value->>0 AND v.version < e.value->>1 AND v.op <> ''
)
