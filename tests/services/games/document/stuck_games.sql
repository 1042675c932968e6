SELECT 
  tg.game_id,
  p.game_name || '#' || p.tag_line as player,
  tg.detected_at,
  AGE(NOW(), tg.detected_at) as age,
  tg.retry_count,
  tg.last_error
FROM tracked_games tg
JOIN tracked_players p ON p.id = tg.player_id
WHERE tg.status = 'ACTIVE'
  AND tg.detected_at < NOW() - INTERVAL '2 hours'
ORDER BY tg.detected_at;
