-- In: arrays of $1 kind, $2 table, $3 what stands beside its records; $4 now.
INSERT INTO tenure_kinds (kind, declaration, indexed, opened_at)
SELECT u.kind, u.declaration, u.indexed, $4
FROM unnest($1::text[], $2::text[], $3::text[]) AS u (kind, declaration, indexed) ORDER BY u.kind
ON CONFLICT (kind) DO UPDATE SET
    declaration = excluded.declaration, indexed = excluded.indexed, opened_at = excluded.opened_at
