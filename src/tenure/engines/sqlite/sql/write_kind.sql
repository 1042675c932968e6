-- In: ?1 kind, ?2 table, ?3 what stands beside its records, ?4 now.
INSERT INTO tenure_kinds (kind, declaration, indexed, opened_at) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT DO UPDATE SET
    declaration = excluded.declaration, indexed = excluded.indexed, opened_at = excluded.opened_at
