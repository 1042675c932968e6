-- Players who are tracked, also those who are paused or not found. `id` is the player's number. What stands before an
-- OFFSET is worked out once for each row; else each comparison of a join would read the fields anew.
SELECT
    number::integer AS id,
    game_name::varchar AS game_name,
    tag_line::varchar AS tag_line
FROM "TrackedPlayer"
WHERE space = :space AND state <> 'removed'
OFFSET 0
