-- Players who are tracked, also those who are paused or not found. `id` is the player's number.
SELECT
    number AS id,
    game_name,
    tag_line
FROM "TrackedPlayer"
WHERE space = :space AND state <> 'removed'
