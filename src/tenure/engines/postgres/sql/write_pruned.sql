-- In: $1 space, $2 length of keeping, $3 how far was looked through.
INSERT INTO tenure_pruned (space, history, position) VALUES ($1, $2, $3)
ON CONFLICT (space, history) DO UPDATE SET position = excluded.position
