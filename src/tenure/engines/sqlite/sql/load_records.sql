-- In: ?1 space, ?2 JSON array of records: born, removed, look_at, then the row's columns. A removed record's are empty.
INSERT INTO tenure_records (
    space, born, removed, look_at, kind, id, state, version, fence, holder, created_at, entered_at, changed_at,
    beaten_at, told, seen, fields, rest
)
SELECT ?1, value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, value->>8,
       value->>9, value->>10, value->>11, value->>12, value->>13, value->>14, value->>15, value->>16
FROM jsonb_each(?2)
