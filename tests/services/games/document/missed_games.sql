SELECT 
  gs.game_id,
  gs.player_id,
  p.game_name || '#' || p.tag_line as player,
  gs.created_at
FROM game_states gs
JOIN tracked_players p ON p.id = gs.player_id
WHERE gs.created_at > NOW() - INTERVAL '4 hours'
  AND gs.game_id IS NOT NULL
  AND gs.status = 'IN_GAME'
  AND NOT EXISTS (
    SELECT 1 FROM tracked_games tg 
    WHERE tg.game_id = gs.game_id 
      AND tg.player_id = gs.player_id
  )
ORDER BY gs.created_at DESC;
