-- Players who are tracked, also those who are paused or not found. `id` is the player's number.
SELECT
    number::integer AS id,
    game_name::varchar AS game_name,
    tag_line::varchar AS tag_line
FROM "TrackedPlayer"
WHERE space = :space AND state <> 'removed'
