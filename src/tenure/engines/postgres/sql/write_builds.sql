-- In: arrays of $1 kind, $2 build, $3 what it makes stand beside its records; $4 now.
INSERT INTO tenure_builds (kind, build, indexed, seen_at)
SELECT u.kind, u.build, u.indexed, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS u (kind, build, indexed)
ORDER BY u.kind, u.build
ON CONFLICT (kind, build) DO UPDATE SET seen_at = excluded.seen_at
