-- In: ?1 kind, ?2 what the build makes stand beside its records, ?3 now.
INSERT INTO tenure_builds (kind, indexed, seen_at) VALUES (?1, ?2, ?3)
ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at
