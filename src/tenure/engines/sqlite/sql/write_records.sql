-- In: ?1 JSON array of rows; ?2 space. A row that is there is written over; its space, kind, id and birth stay.
INSERT INTO tenure_records (
    record, space, kind, id, state, version, fence, holder, created_at, entered_at, changed_at, beaten_at,
    told, seen, born, look_at, fields, rest
)
SELECT value->>0, ?2, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
       value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15, value->>16
FROM jsonb_each(?1) WHERE true
ON CONFLICT (record) DO UPDATE SET
    state = excluded.state, version = excluded.version, fence = excluded.fence, holder = excluded.holder,
    created_at = excluded.created_at, entered_at = excluded.entered_at, changed_at = excluded.changed_at,
    beaten_at = excluded.beaten_at, told = excluded.told, seen = excluded.seen, look_at = excluded.look_at, fields = excluded.fields, rest = excluded.rest
