INSERT INTO game_states (player_id, status, game_id, queue_type, created_at)
SELECT 
  player_id,
  CASE 
    WHEN status = 'ACTIVE' THEN 'IN_GAME'
    ELSE 'NOT_IN_GAME'
  END as status,
  game_id,
  queue_type,
  detected_at as created_at
FROM tracked_games
WHERE detected_at > '2024-XX-XX'  -- Migration date
  AND NOT EXISTS (
    SELECT 1 FROM game_states gs 
    WHERE gs.game_id = tracked_games.game_id
      AND gs.player_id = tracked_games.player_id
  );
